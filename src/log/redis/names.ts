import type { Place } from "../../protocol/place.ts";
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
/** What stands there; the scripts know it. */
const ERASURE = /^x(\S+)-(\d+)$/;
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

/** The keys of the current values that a block clears. */
export function clearedValues(current: string): ReadonlySet<string> {
  const keys = current.split(" ").filter((key) => key.startsWith(`${CLEARED}v`));
  return new Set(keys.map((key) => key.slice(CLEARED.length)));
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

/** In the place of the keys that a block sets: it erases the event at this place. */
export function erasureKey(place: string): string {
  return `x${place}`;
}

/** The place of the event that a block erases; undefined when it erases none. */
export function erasedBy(current: string): Place | undefined {
  const [, word, position] = ERASURE.exec(current) ?? [];
  return word === undefined ? undefined : { word, position: Number(position) };
}

/** What a block sets, after its event is erased: topics stay ended, and values are cleared. */
export function withoutValues(current: string): string {
  if (current === "") return current;
  return current
    .split(" ")
    .map((key) => (key.startsWith("v") ? clearedKey(key) : key))
    .join(" ");
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
