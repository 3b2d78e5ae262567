import { isPlaceText } from "../protocol/place.ts";
import { isSized } from "../topics/topic.ts";

/** What the type and the id of an event may be, and the words in which a refusal says so. */

/** The cursor with which a reader asks for everything that is held; no event can have it as its id. */
export const EARLIEST = "earliest";

// Control characters (Unicode Cc) would end or forge a field of the stream.
const CONTROL = /\p{Cc}/u;

/** Events of these types are dispatched by an `EventSource` itself, to the same handlers. */
const EVENT_SOURCE_TYPES: ReadonlySet<string> = new Set(["error", "open"]);

/** Whether it can be an event's type (the SSE `event` field), leaving aside who may send it. */
export function isTypeName(text: string): boolean {
  return isSized(text) && !CONTROL.test(text);
}

/** Why no event of this type can be published, as a sentence; undefined where one can. */
export function typeFault(type: string): string | undefined {
  if (!isTypeName(type)) return "Expected 1 to 1,024 bytes without control characters";
  if (type === "connected" || type.startsWith("tidings.")) {
    return "Expected another type: connected and tidings.… belong to the hub";
  }
  if (EVENT_SOURCE_TYPES.has(type)) {
    return "Expected another type: an EventSource takes error and open for its own events";
  }
  return undefined;
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

/** Why no event with this id can be published, as a sentence; undefined where one can. */
export function idFault(id: string): string | undefined {
  if (!isEventId(id)) {
    return `Expected 1 to 1,024 bytes without control characters or spaces at the ends, and not ${EARLIEST}`;
  }
  return isPlaceText(id) ? "Expected another id: the hub gives ids of this form itself" : undefined;
}
