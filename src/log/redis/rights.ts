import type { RedisAddress } from "./address.ts";
import { type Commands, integer, UnexpectedReply } from "./commands.ts";
import { isReply } from "./connection.ts";
import { isRefusal } from "./failure.ts";
import { controlKeyOf, keysOf } from "./keys.ts";
import script from "./rights.lua" with { type: "text" };

/** What the scripts and the nodes run, with arguments that change nothing of a key that is not there. */
const COMMANDS = [
  "DEL KEY",
  "EXISTS KEY",
  "HDEL KEY field",
  "HGET KEY field",
  "HGETALL KEY",
  "HMGET KEY field",
  "HSET KEY field value field-without-value",
  "INFO replication",
  "TIME",
  "UNLINK KEY",
  "XADD KEY 0-0 field value",
  "XDEL KEY 0-1",
  "XINFO STREAM KEY",
  "XRANGE KEY - + COUNT 1",
  "XREAD COUNT 1 STREAMS KEY 0",
  "XREVRANGE KEY + - COUNT 1",
  "XTRIM KEY MAXLEN 0",
  "ZADD KEY no-score member",
  "ZCARD KEY",
  "ZMSCORE KEY member",
  "ZRANGE KEY 0 0",
  "ZRANGEBYSCORE KEY 0 0",
  "ZREM KEY member",
  "ZREMRANGEBYSCORE KEY 0 0",
  "ZREVRANGE KEY 0 0",
  "ZREVRANGEBYSCORE KEY 0 0",
  "ZSCORE KEY member",
];
/** No script may run these. */
const EVALSHA = ["EVALSHA", "0", "0"];
const WAIT = ["WAIT", "0", "0"];
const EVERY_RIGHT = ["+eval", rightOf(EVALSHA), ...COMMANDS.map((text) => rightOf(text.split(" ")))];

/**
 * All rights that a hub can need, besides its keys: `+config|get` to say what Redis promises, `+wait` with
 * replicas, `+select` for another database than 0.
 */
export const RIGHTS: readonly string[] = [...EVERY_RIGHT, "+config|get", "+select", rightOf(WAIT)].sort();

/** Which rights the user lacks, and how to grant them; undefined when it has all that a hub needs. */
export async function missingRights(
  commands: Commands,
  { username = "default", prefix }: RedisAddress,
  replicas: number,
): Promise<string | undefined> {
  const keys = [...keysOf(prefix), controlKeyOf(prefix), `{${prefix}}:none`];
  const run = (command: string, args: readonly string[]) =>
    commands.send(command, args).catch((error: unknown) => {
      if (isReply(error)) return error;
      throw error;
    });
  const direct = replicas > 0 ? [EVALSHA, WAIT] : [EVALSHA];
  const [reply, ...replies] = await Promise.all([
    run("EVAL", [script, `${keys.length}`, ...keys, ...COMMANDS]),
    ...direct.map(([command = "", ...args]) => run(command, args)),
  ]);
  const refused = direct.filter((_, i) => isRefusal(replies[i])).map(rightOf);
  const user = `the user ${username} of Redis lacks`;
  const grant = `ACL SETUSER ${username}`;
  if (reply instanceof Error) {
    if (!isRefusal(reply)) throw reply;
    const missing = /\bkeys?\b/.test(reply.message) ? `~{${prefix}}:*` : "+eval";
    const all = [...new Set([missing, ...EVERY_RIGHT, ...refused])].join(" ");
    return `${user} ${missing}, and perhaps more, which can't be asked before: ${grant} ${all}`;
  }
  if (!Array.isArray(reply)) throw new UnexpectedReply(reply);
  const missing = reply.map((n) => rightOf(COMMANDS[integer(n) - 1]?.split(" ") ?? []));
  missing.push(...refused);
  return missing.length === 0 ? undefined : `${user} ${missing.join(", ")}: ${grant} ${missing.join(" ")}`;
}

/** As `ACL SETUSER` takes it. */
function rightOf([command = "", subcommand = ""]: readonly string[]): string {
  return `+${command}${command === "XINFO" ? `|${subcommand}` : ""}`.toLowerCase();
}
