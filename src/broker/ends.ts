import type { EndedReader } from "../log/ended-topics.ts";
import { isMatcherText } from "../topics/matcher.ts";
import { prefixOf } from "../topics/topic.ts";
import { type Interest, mayRead, type PrivateTopics } from "./interest.ts";

/** The topics of an interest that asks for topics by their names alone; undefined for every other one. */
export function namedTopics({ topics }: Pick<Interest, "topics">): readonly string[] | undefined {
  const areNames = topics.every((topic) => prefixOf(topic) === undefined && !isMatcherText(topic));
  return topics.length > 0 && areNames ? topics : undefined;
}

/**
 * The position after which a reader of these topics has all of them, because they have ended. Undefined while
 * one is open, or its end is private and not for this reader.
 */
export function endOfAll(
  topics: readonly string[] | undefined,
  ended: EndedReader | undefined,
  privateTopics: PrivateTopics,
): number | undefined {
  if (!topics || !ended || ended.count === 0) return undefined;
  let last = 0;
  for (const topic of topics) {
    const end = ended.get(topic);
    if (!end || !mayRead(privateTopics, { topics: [topic], private: end.private })) return undefined;
    last = Math.max(last, end.position);
  }
  return last;
}
