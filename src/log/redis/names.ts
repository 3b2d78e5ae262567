import { topicSet } from "../topic-set.ts";

/**
 * An id on its topics, as the engine knows it: `ID.TOPICS`, digests of both. So a name is short and has
 * no character that means something to the scripts.
 */
export function nameOf(id: string, topics: readonly string[]): string {
  return `${idDigest(id)}.${digest(JSON.stringify(topicSet(topics)), 16)}`;
}

/** Before the key of a current value or of an ended topic: it is cleared, or opened again. */
const CLEARED = "-";
/** Before a topic that has ended; the second where its last event is private. The scripts know both. */
const END = "e";
const PRIVATE_END = "p";

/** A type and a topic (undefined: none), as the engine knows them for their current value. */
export function valueKey(type: string, topic: string | undefined): string {
  return `v${digest(JSON.stringify(topic === undefined ? [type] : [type, topic]), 22)}`;
}

/** What clears the value that has this key. */
export function clearedKey(key: string): string {
  return CLEARED + key;
}

/** Whether what a block sets is that a current value is cleared. */
export function clearsValue(current: string): boolean {
  return current.startsWith(`${CLEARED}v`);
}

/** The end of a topic, as the engine knows it: all of the topic, since the log may lose its last event. */
export function endKey(topic: string, isPrivate = false): string {
  return (isPrivate ? PRIVATE_END : END) + Buffer.from(topic).toString("base64url");
}

/** The topic of such a key. */
export function endedTopicOf(key: string): string {
  return Buffer.from(key.slice(END.length), "base64url").toString();
}

/** The topics that a block ends, each with whether it does so privately. */
export function endedBy(current: string): readonly { topic: string; private: boolean }[] {
  const keys = current.split(" ").filter((key) => key.startsWith(END) || key.startsWith(PRIVATE_END));
  return keys.map((key) => ({ topic: endedTopicOf(key), private: key.startsWith(PRIVATE_END) }));
}

/** The topics that a block opens again. */
export function openedBy(current: string): readonly string[] {
  const keys = current.split(" ").filter((key) => key.startsWith(CLEARED + END));
  return keys.map((key) => endedTopicOf(key.slice(CLEARED.length)));
}

/** The first part of all names of this id. */
export function idDigest(id: string): string {
  return digest(id, 22);
}

/** The positions of the events that have an id, as the engine keeps them: `TOPICS:POSITION …`. */
export function positionsOf(text: string): readonly number[] {
  return text === "" ? [] : text.split(" ").map((pair) => Number(pair.slice(pair.indexOf(":") + 1)));
}

function digest(text: string, length: number): string {
  return Bun.SHA256.hash(text, "base64").replaceAll("+", "-").replaceAll("/", "_").slice(0, length);
}
