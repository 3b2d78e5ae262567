import { topicSet } from "../topic-set.ts";

/**
 * An id on its topics, as the engine knows it: `ID.TOPICS`, digests of both. So a name is short and has
 * no character that means something to the scripts.
 */
export function nameOf(id: string, topics: readonly string[]): string {
  return `${idDigest(id)}.${digest(JSON.stringify(topicSet(topics)), 16)}`;
}

/** Before the key of a current value: it is cleared. */
export const NO_VALUE = "-";

/** A type and a topic (undefined: none), as the engine knows them for their current value. */
export function valueKey(type: string, topic: string | undefined): string {
  return `v${digest(JSON.stringify(topic === undefined ? [type] : [type, topic]), 22)}`;
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
