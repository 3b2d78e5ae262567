import { type EventInput, eventViolations, isEventInput } from "../events/event-input.ts";
import type { Draft } from "../log/entry.ts";

/**
 * The event as the log takes it.
 *
 * @throws TypeError when it is no event that can be published, or its data is not JSON.
 */
export function toDraft(event: EventInput): Draft {
  if (!isEventInput(event)) {
    const [violation] = eventViolations(event);
    throw new TypeError(
      `the event can't be published: ${violation?.path || "the event"}: ${violation?.message}`,
    );
  }
  return draftOf(event);
}

/** The same for an event that has been checked. */
export function draftOf(event: EventInput): Draft {
  const { type, data, topic, topics = [], id, retry, private: hidden = false } = event;
  // A copy: the caller may change its list before this turn of the event loop ends.
  const all = topic === undefined ? [...topics] : [topic, ...topics];
  return { id, type, json: toJson(data), topics: all, retry, private: hidden };
}

function toJson(data: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch (cause) {
    throw new TypeError("the data is not JSON", { cause });
  }
  if (json === undefined) throw new TypeError("the data is not JSON");
  return json;
}
