import { topicSet } from "../topic-set.ts";

/**
 * An id on its topics, as the engine knows it: `ID.TOPICS`, digests of both. So a name is short and has
 * no character that means something to the scripts, and all names of an id begin with its digest.
 */
export function nameOf(id: string, topics: readonly string[]): string {
  return `${digest(id, 22)}.${digest(JSON.stringify(topicSet(topics)), 16)}`;
}

/** What all names of this id lie between, in the order of a sorted set. */
export function namesOfId(id: string): { readonly from: string; readonly to: string } {
  const prefix = digest(id, 22);
  return { from: `[${prefix}.`, to: `(${prefix}/` };
}

function digest(text: string, length: number): string {
  return Bun.SHA256.hash(text, "base64").replaceAll("+", "-").replaceAll("/", "_").slice(0, length);
}
