import fc from "fast-check";
import { isEventId, typeFault } from "../../src/events/names.ts";
import { topicFault } from "../../src/topics/topic.ts";

/** Texts in which everything that means something to a stream's reader comes often. */
export const hostileText = fc.oneof(
  { arbitrary: fc.string({ unit: "binary" }), weight: 1 },
  // The units are UTF-16's, so that surrogates come alone, too.
  {
    arbitrary: fc
      .array(
        fc.oneof(
          fc.constantFrom(...'\r\n\0 :\u2028\u2029\u0085\ufeff\u200b\u007f{}"\\*'),
          fc.constantFrom("\r\n", "\n\n", "data: forged", "id: 1", "event:", "retry: 1", ": ", "é→", "🜁"),
          fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join("")),
    weight: 3,
  },
);

/** Any value that JSON can carry, with hostile texts as members and names. */
export const json = fc.oneof(
  fc.jsonValue(),
  hostileText,
  fc.array(hostileText),
  fc.dictionary(hostileText, fc.oneof(hostileText, fc.integer(), fc.constant(null))),
);

/** Names that are allowed, with all that is hostile and still allowed in them. */
const named = (allowed: (text: string) => boolean) =>
  fc
    .oneof(hostileText, fc.string({ minLength: 1, maxLength: 1024 }))
    .map((text) => text.toWellFormed().replace(/\p{Cc}/gu, ""))
    .filter(allowed);

export const typeName = named((text) => typeFault(text) === undefined);
export const eventId = named(isEventId);
export const topic = named((text) => topicFault(text) === undefined);
export const retry = fc.oneof(fc.nat(10), fc.constantFrom(3000, 2 ** 31, Number.MAX_SAFE_INTEGER));
