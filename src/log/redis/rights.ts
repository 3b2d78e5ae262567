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

/**
 * Which rights the user lacks, and how to grant them, or which commands this server does not have; undefined when
 * there is all that a hub needs.
 */
export async function missingRights(
  commands: Commands,
  { username = "default", prefix, database }: RedisAddress,
  replicas: number,
): Promise<string | undefined> {
  const keys = [...keysOf(prefix), controlKeyOf(prefix), `{${prefix}}:none`];
  const run = (command: string, args: readonly string[]) =>
    commands.send(command, args).catch((error: unknown) => {
      if (isReply(error)) return error;
      throw error;
    });
  const direct = [EVALSHA];
  if (replicas > 0) direct.push(WAIT);
  if (database > 0) direct.push(["SELECT", `${database}`]);
  const [reply, ...replies] = await Promise.all([
    run("EVAL", [script, `${keys.length}`, ...keys, ...COMMANDS]),
    ...direct.map(([command = "", ...args]) => run(command, args)),
  ]);
  const unknown = [["EVAL"], ...direct].filter((_, i) => isUnknown([reply, ...replies][i]));
  const refused = direct.filter((_, i) => isRefusal(replies[i])).map(rightOf);
  const user = `the user ${username} of Redis lacks`;
  const grant = `ACL SETUSER ${username}`;
  if (reply instanceof Error && !isUnknown(reply)) {
    if (!isRefusal(reply)) throw reply;
    const missing = /\bkeys?\b/.test(reply.message) ? `~{${prefix}}:*` : "+eval";
    const all = [...new Set([missing, ...EVERY_RIGHT, ...refused])].join(" ");
    return `${user} ${missing}, and perhaps more, which can't be asked before: ${grant} ${all}`;
  }
  const numbers: unknown = isUnknown(reply) ? [] : reply;
  if (!Array.isArray(numbers)) throw new UnexpectedReply(reply);
  const missing: string[] = [];
  for (const number of numbers.map(integer)) {
    const command = COMMANDS[Math.abs(number) - 1]?.split(" ") ?? [];
    if (number < 0) unknown.push(command);
    else missing.push(rightOf(command));
  }
  if (unknown.length > 0) {
    const names = unknown.map(([name]) => name).join(", ");
    return `this Redis has no ${names}: rename-command has taken it away, or the version is before 6.2`;
  }
  missing.push(...refused);
  return missing.length === 0 ? undefined : `${user} ${missing.join(", ")}: ${grant} ${missing.join(" ")}`;
}

function isUnknown(reply: unknown): boolean {
  return reply instanceof Error && /^ERR unknown command/i.test(reply.message);
}

/** As `ACL SETUSER` takes it. */
function rightOf([command = "", subcommand = ""]: readonly string[]): string {
  return `+${command}${command === "XINFO" ? `|${subcommand}` : ""}`.toLowerCase();
}
