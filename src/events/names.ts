import { FormatRegistry } from "@sinclair/typebox";
import { isSized, isTopic } from "../topics/topic.ts";

/**
 * What an event may be called: the rules for types, ids and topics, and the words in which a
 * refusal says them. Each is registered as a TypeBox format of the same name.
 */

/** The id with which a client asks for everything that is held; no event can have it. */
export const EARLIEST = "earliest";

// Control characters (Unicode Cc) would end or forge a field.
const CONTROL = /\p{Cc}/u;

/** Whether the name belongs to the hub, which alone sends events of that type. */
export function isReserved(type: string): boolean {
  return type === "connected" || type.startsWith("tidings.");
}

/** Whether it can be an event's type (the SSE `event` field), leaving aside who may send it. */
export function isTypeName(text: string): boolean {
  return isSized(text) && !CONTROL.test(text);
}

/**
 * Whether it can be an event's id (the SSE `id` field). It comes back in the `Last-Event-ID`
 * header, which loses spaces at the ends.
 */
export function isEventId(text: string): boolean {
  return (
    isSized(text) && !CONTROL.test(text) && text !== EARLIEST && !text.startsWith(" ") && !text.endsWith(" ")
  );
}

const rules: Record<string, { test: (text: string) => boolean; expected: string }> = {
  topic: {
    test: isTopic,
    expected: "Expected 1 to 1,024 bytes without control or format characters, and not *",
  },
  "event-type": {
    test: (text) => isTypeName(text) && !isReserved(text),
    expected:
      "Expected 1 to 1,024 bytes without control characters, and neither connected nor tidings.…, which belong to the hub",
  },
  "event-id": {
    test: isEventId,
    expected: `Expected 1 to 1,024 bytes without control characters or spaces at the ends, and not ${EARLIEST}`,
  },
};

for (const [format, { test }] of Object.entries(rules)) FormatRegistry.Set(format, test);

/** What a text of this format should have been, as a sentence; undefined for a format not ours. */
export function expectedOf(format: string): string | undefined {
  return rules[format]?.expected;
}
