import { isReply, RedisAway } from "./connection.ts";

/** Whether this server takes no writes at present: it is a replica, has become one, or still loads. */
export function isReadOnly(error: unknown): boolean {
  // A read that waits ends with UNBLOCKED when its master becomes a replica. Before version 7, Redis wraps what a
  // command answers to a script: "ERR Error running script […] -READONLY […]".
  const code = /(^|^ERR Error running script.* -)(READONLY|MASTERDOWN|LOADING|UNBLOCKED force)/;
  return isReply(error) && code.test(error.message);
}

/** Whether the user lacks a right for a command, or for one that a script runs. */
export function isRefusal(error: unknown): boolean {
  return isReply(error) && /can't run this command|no permissions|NOPERM|ACL failure/i.test(error.message);
}

/** Errors that end a script before it has changed anything, though its own line is named. */
const BEFORE_WRITES = /OOM|MISCONF|READONLY|NOREPLICAS/;

/** Whether a script may have changed something before it failed: a right is missing, or a key is of another kind. */
export function mayHaveWritten(error: Error): boolean {
  return error.message.includes("user_script") && !BEFORE_WRITES.test(error.message);
}

/** Whether nothing was kept since somebody has written to the stream by hand: the next hello makes room. */
export function isBelowForeign(error: unknown): boolean {
  return isReply(error) && error.message.includes("ID specified in XADD is equal or smaller");
}

/** What a reply means, by how it begins or what it has. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^LOADING/, "it is still loading what it has on disk"],
  [/^MASTERDOWN/, "it is a replica that has lost its master"],
  [/OOM/, "its memory is full (maxmemory), so it takes no events"],
  [/MISCONF/, "it can't write to its disk, so it takes no events"],
  [/NOREPLICAS/, "too few replicas follow it (min-replicas-to-write), so it takes no events"],
  [/^BUSY/, "it has run one script for seconds, and answers nothing meanwhile (SCRIPT KILL ends it)"],
  [/WRONGTYPE/, "a key of this hub has been written by something else"],
  [
    /^(MOVED|ASK|CLUSTERDOWN|CROSSSLOT)/,
    "it is part of a Redis Cluster, and does not keep the keys of this hub",
  ],
];

/**
 * What a failure means for whoever runs the hub.
 *
 * @param hasSentinels whether there is anyone to ask for another master.
 */
export function explain(error: unknown, hasSentinels = true): Error {
  if (!(error instanceof Error)) return new RedisAway(String(error));
  if (!isReply(error)) return error;
  const meaning = MEANINGS.find(([reply]) => reply.test(error.message))?.[1];
  if (meaning !== undefined) return new RedisAway(`Redis answers that ${meaning}: ${error.message}`);
  if (isReadOnly(error)) {
    const next = hasSentinels ? "looking for the new one" : "it is a replica, and no Sentinel names another";
    return new RedisAway(`the master is read only: ${next}`);
  }
  const command = /'([\w|]+)'/.exec(error.message)?.[1];
  if (isRefusal(error))
    return new RedisAway(
      `the user of Redis lacks a right${command ? ` (+${command})` : ""}: ${error.message}`,
    );
  return new RedisAway(`Redis answers: ${error.message}`);
}
