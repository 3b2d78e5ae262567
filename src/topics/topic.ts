// The rules for topics, and for the patterns that clients and grants name them with.

import { isMatcherText } from "./matcher.ts";

const encoder = new TextEncoder();
const MAX_NAME_BYTES = 1024;

// Control characters (Unicode Cc) would end or forge a field; format characters (Cf) hide.
const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}]/u;

/** Whether a text is 1 to 1,024 bytes of UTF-8. A lone surrogate has no form in UTF-8. */
export function isSized(text: string): boolean {
  if (text.length === 0 || text.length > MAX_NAME_BYTES || !text.isWellFormed()) return false;
  // A UTF-16 unit is at most 3 bytes of UTF-8, so only long texts need a count.
  return text.length * 3 <= MAX_NAME_BYTES || encoder.encode(text).length <= MAX_NAME_BYTES;
}

/** Whether a text is a topic pattern: a topic, a prefix that ends in `*`, or `*` for all topics. */
export function isTopicPattern(text: string): boolean {
  return isSized(text) && !CONTROL_OR_FORMAT.test(text);
}

/** Why an event can't be published to a topic, as a sentence; undefined if it can. */
export function topicFault(topic: string): string | undefined {
  if (!isTopicPattern(topic)) return "Expected 1 to 1,024 bytes without control or format characters";
  return topic.endsWith("*") ? "Expected a topic: what ends in * is a pattern" : undefined;
}

/** The prefix of a pattern that ends in `*`; undefined for an exact name, and for a matcher. */
export function prefixOf(pattern: string): string | undefined {
  return pattern.endsWith("*") && !isMatcherText(pattern) ? pattern.slice(0, -1) : undefined;
}
