import { isEventId, isReserved, isTypeName } from "../events/names.ts";
import type { Draft } from "../log/entry.ts";
import { isTopic } from "../topics/topic.ts";

/** An event to publish. */
export interface EventInput<Type extends string = string, Data = unknown> {
  /** Its name, which becomes the SSE `event` field. */
  readonly type: Type;
  /** Any JSON value; it travels as JSON text. */
  readonly data: Data;
  /** None: a broadcast to everyone. */
  readonly topics?: readonly string[] | undefined;
  /** Makes publishing it again harmless. The log gives one to an event that has none. */
  readonly id?: string | undefined;
  /** Tells readers to wait that many milliseconds before they reconnect. */
  readonly retry?: number | undefined;
  /** Only for those who may read one of its topics. */
  readonly private?: boolean | undefined;
}

/**
 * The event as the log takes it.
 *
 * @throws TypeError when a name is not allowed, or the data is not JSON.
 */
export function toDraft(event: EventInput): Draft {
  const { type, topics = [], id, retry, private: hidden = false } = event;
  if (!isTypeName(type) || isReserved(type))
    throw new TypeError(`not an event type: ${JSON.stringify(type)}`);
  if (id !== undefined && !isEventId(id)) throw new TypeError(`not an event id: ${JSON.stringify(id)}`);
  for (const topic of topics) {
    if (!isTopic(topic)) throw new TypeError(`not a topic: ${JSON.stringify(topic)}`);
  }
  if (retry !== undefined && !(Number.isSafeInteger(retry) && retry >= 0)) {
    throw new TypeError("retry is a whole number of milliseconds");
  }
  if (hidden && topics.length === 0) throw new TypeError("a private event without a topic is for nobody");
  // A copy: the caller may change its list before this turn of the event loop ends.
  return draftOf({ ...event, topics: [...topics] });
}

/** The same for an event that has been checked: by its schema, say. */
export function draftOf({ type, data, topics = [], id, retry, private: hidden = false }: EventInput): Draft {
  return { id, type, json: toJson(data), topics, retry, private: hidden };
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
