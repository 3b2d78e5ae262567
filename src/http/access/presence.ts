import type { Grant } from "../../auth/grant.ts";
import { covers } from "../../topics/topic-patterns.ts";
import { forbidden } from "../answer/challenge.ts";

/** What somebody may know of those who read a topic: how many there are, or also their subjects. */
export type Known = "count" | "subjects";

/**
 * What the grant lets its holder know of those who read a topic, or the topics of a pattern.
 *
 * @throws Problem 401 or 403 when its holder may not read the private events there: then not even the count.
 */
export function knownReaders(grant: Grant, pattern: string): Known {
  const { admin, privateTopics, presence = [] } = grant;
  if (admin) return "subjects";
  if (!covers(privateTopics, pattern)) {
    throw forbidden(grant, `only who may read private events on ${pattern} learns who reads there`);
  }
  return covers(presence, pattern) ? "subjects" : "count";
}

/** @throws Problem 401 or 403 when the grant does not let its holder know the subjects at all of the patterns. */
export function assertKnowsSubjects(grant: Grant, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    if (knownReaders(grant, pattern) === "subjects") continue;
    throw forbidden(
      grant,
      `the token does not grant to know who reads ${pattern}: its claim has no presence`,
    );
  }
}
