import type { Commands } from "../../../src/log/redis/commands.ts";

/** The commands of a node that is killed when its append is kept: what that has left to be done is not done. */
export function killedWhenKept(commands: Commands): Commands {
  let isKept = false;
  return {
    async send(command, args) {
      if (isKept) return args.includes("name") ? ["named", 0] : ["hello"];
      const reply = await commands.send(command, args);
      isKept = Array.isArray(reply) && reply[0] === "kept";
      return reply;
    },
  };
}
