/** What topics may be called, and the patterns in which clients and grants name them. */

const encoder = new TextEncoder();
const LONGEST_BYTES = 1024;

// Control characters (Unicode Cc) would end or forge a field; format characters (Cf) hide.
const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}]/u;

/** Whether it is 1 to 1,024 bytes of UTF-8. A lone surrogate has no UTF-8: it could not come back as it went. */
export function isSized(text: string): boolean {
  if (text.length === 0 || text.length > LONGEST_BYTES || !text.isWellFormed()) return false;
  // A UTF-16 unit is at most 3 bytes of UTF-8, so only long texts need counting.
  return text.length * 3 <= LONGEST_BYTES || encoder.encode(text).length <= LONGEST_BYTES;
}

/** Whether a client can subscribe with it: a topic, a prefix that ends in `*`, or `*` for all. */
export function isTopicPattern(text: string): boolean {
  return isSized(text) && !CONTROL_OR_FORMAT.test(text);
}

/** Whether an event can be published to it. What ends in `*` would be read as a pattern. */
export function isTopic(text: string): boolean {
  return isTopicPattern(text) && !text.endsWith("*");
}

/** Why no event can be published to this topic, as a sentence; undefined where one can. */
export function topicFault(topic: string): string | undefined {
  if (!isTopicPattern(topic)) return "Expected 1 to 1,024 bytes without control or format characters";
  return isTopic(topic) ? undefined : "Expected a topic: what ends in * is a pattern";
}

/** The beginning that all names of a pattern share; undefined for a pattern that is one exact name. */
export function prefixOf(pattern: string): string | undefined {
  return pattern.endsWith("*") ? pattern.slice(0, -1) : undefined;
}
