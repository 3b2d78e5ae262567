import { isPlaceText } from "../protocol/place.ts";
import { isSized } from "../topics/topic.ts";

// The rules for the type and the id of an event, and the messages of their refusals.

/** The cursor that asks for all events that are held. No event can have it as its id. */
export const EARLIEST = "earliest";

// Control characters (Unicode Cc) would end or forge a field of the stream.
const CONTROL = /\p{Cc}/u;

/** An `EventSource` dispatches events of its own with these types, to the same handlers. */
const EVENT_SOURCE_TYPES: ReadonlySet<string> = new Set(["error", "open"]);

/** Whether a text can be the type of an event (the SSE `event` field), one of the hub's own included. */
export function isTypeName(text: string): boolean {
  return isSized(text) && !CONTROL.test(text);
}

/** Why an event of this type can't be published, as a sentence; undefined if it can. */
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
 * Whether a text can be the id of an event (the SSE `id` field). It comes back in the `Last-Event-ID`
 * header, which loses spaces at both ends.
 */
export function isEventId(text: string): boolean {
  return (
    isSized(text) && !CONTROL.test(text) && text !== EARLIEST && !text.startsWith(" ") && !text.endsWith(" ")
  );
}

/** Why an event with this id can't be published, as a sentence; undefined if it can. */
export function idFault(id: string): string | undefined {
  if (!isEventId(id)) {
    return `Expected 1 to 1,024 bytes without control characters or spaces at the ends, and not ${EARLIEST}`;
  }
  return isPlaceText(id) ? "Expected another id: the hub gives ids of this form itself" : undefined;
}
