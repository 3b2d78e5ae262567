import { isMatcherText, matcherMatches, widened } from "./matcher.ts";
import { prefixOf } from "./topic.ts";

/**
 * Whether there can be a topic that both patterns take. Of a matcher and a prefix, it is enough that topics of
 * both can begin alike.
 */
export function overlaps(one: string, other: string): boolean {
  const start = prefixOf(one);
  const otherStart = prefixOf(other);
  if (isMatcherText(one)) {
    return otherStart === undefined ? matcherMatches(one, other) : overlaps(widened(one), other);
  }
  if (isMatcherText(other)) return overlaps(other, one);
  if (start === undefined) return otherStart === undefined ? one === other : one.startsWith(otherStart);
  if (otherStart === undefined) return other.startsWith(start);
  return start.startsWith(otherStart) || otherStart.startsWith(start);
}
