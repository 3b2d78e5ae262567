import { request, textOf } from "./connection.ts";
import { Deadline } from "./deadline.ts";
import { notAHub, refusal } from "./error.ts";
import { isRecord, isString, parseJson } from "./narrow.ts";
import type { RawEvent } from "./receive.ts";
import type { SubscriptionOptions } from "./subscription.ts";

/** The longest time until the answer is there, in milliseconds. */
const TIMEOUT = 15_000;

/**
 * The current values of a hub at this moment (`GET /current`), oldest first.
 *
 * @throws TidingsError when the hub refuses, or can't be reached; the reason of the signal.
 */
export async function readCurrent(
  url: string,
  options: Pick<SubscriptionOptions, "url" | "token" | "fetch" | "topics" | "types" | "signal">,
): Promise<readonly RawEvent[]> {
  const { topics = [], types = [], signal } = options;
  const query = new URLSearchParams();
  for (const topic of topics) query.append("topic", topic);
  for (const type of types) query.append("type", type);
  const deadline = new Deadline(signal);
  deadline.start(TIMEOUT, `no answer within ${TIMEOUT} ms`);
  try {
    const headers = { accept: "application/json" };
    const init = { headers, signal: deadline.signal, cache: "no-store" } as const;
    const response = await request(options, query.size > 0 ? `${url}?${query}` : url, init);
    const text = await textOf(response, deadline.signal);
    if (!response.ok) throw refusal(response, text);
    const body = parseJson(text);
    const values = isRecord(body) ? body["values"] : undefined;
    if (!Array.isArray(values) || !values.every(isEvent)) {
      throw notAHub(url, response.status, "answered without current values");
    }
    return values;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    deadline.end();
  }
}

function isEvent(value: unknown): value is RawEvent {
  if (!isRecord(value)) return false;
  const { id, type, topics, time, data } = value;
  return (
    [id, type, time].every(isString) && Array.isArray(topics) && topics.every(isString) && data !== undefined
  );
}
