import { Type } from "@sinclair/typebox";
import { PLACE_PATTERN } from "../protocol/place.ts";

// The rules of names for readers of a schema. TypeBox passes over `allOf` where it has a kind of its own:
// what it says is checked by topics/topic.ts and names.ts, whose refusals are plainer.

const CONTROL = "\\u0000-\\u001f\\u007f-\\u009f";
/** Those in use; all of Unicode's Cf would be a screenful. */
const FORMAT = "\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\ufeff";

const size = { minLength: 1, maxLength: 1024 };
const topicPattern = { pattern: `^[^${CONTROL}${FORMAT}]+$` };
const typeName = { pattern: `^[^${CONTROL}]+$` };

function not(pattern: string) {
  return { not: { pattern } };
}

/** A topic of an event. */
export const Topic = Type.String({
  ...size,
  description: "1 to 1,024 bytes without control and format characters, and without * at the end",
  allOf: [topicPattern, not("[*]$")],
});

/** What a reader asks for: a topic, a prefix that ends in `*`, or `*`. */
export const TopicPattern = Type.String({ allOf: [size, topicPattern] });

/** The type of an event to publish. */
export const PublishedType = Type.String({
  ...size,
  description:
    "Becomes the SSE event field: 1 to 1,024 bytes without control characters; not one of the hub's",
  allOf: [typeName, not("^(connected|error|open|tidings[.].*)$")],
});

/** The type of an event. */
export const TypeName = Type.String({ allOf: [size, typeName] });

/** The id of an event to publish. */
export const PublishedId = Type.String({
  ...size,
  description:
    "Makes publishing it again harmless: 1 to 1,024 bytes without control characters, or spaces at the ends",
  allOf: [
    { pattern: `^[^${CONTROL} ]([^${CONTROL}]*[^${CONTROL} ])?$` },
    not("^earliest$"),
    not(PLACE_PATTERN),
  ],
});
