import { isReply, RedisAway } from "./connection.ts";

/** Whether this server takes no writes at present: it is a replica, or still loads. */
export function isReadOnly(error: unknown): boolean {
  return isReply(error) && /^(READONLY|MASTERDOWN|LOADING)/.test(error.message);
}

/** What a failure means for whoever runs the hub. */
export function explain(error: unknown): Error {
  if (!(error instanceof Error)) return new RedisAway(String(error));
  if (!isReply(error)) return error;
  if (isReadOnly(error)) return new RedisAway("the master is read only: looking for the new one");
  const right = /can't run this command|no permissions|NOPERM|ACL failure/i.test(error.message);
  const command = /'([\w|]+)'/.exec(error.message)?.[1];
  if (right)
    return new RedisAway(
      `the user of Redis lacks a right${command ? ` (+${command})` : ""}: ${error.message}`,
    );
  return new RedisAway(`Redis answers: ${error.message}`);
}
