import { HubEvent, isHubEvent } from "../protocol/hub-events.ts";
import { Deadline } from "./deadline.ts";
import { isTransient, notAHub, type TidingsError } from "./error.ts";
import { busy, clientIdOf, gapOf, presenceOf } from "./hub-events.ts";
import { readMessages } from "./messages.ts";
import { isRecord, isString, parseJson } from "./narrow.ts";
import { openStream } from "./open-stream.ts";
import { Seen } from "./seen.ts";
import type { SubscriptionOptions } from "./subscription.ts";
import { backoff, sleep } from "./wait.ts";

/** The wait before the first reconnect in milliseconds, until the hub says its own. */
const FIRST_WAIT = 1000;
/** However short a wait the hub asks for, a hub that hangs up at once is not asked in a tight loop. */
const SHORTEST_WAIT = 50;

/** An event of which only the hub's catalog knows the type. */
export interface RawEvent {
  readonly id: string;
  readonly type: string;
  readonly topics: readonly string[];
  readonly time: string;
  readonly data: unknown;
}

/** The events that are streamed at a URL, over as many connections as it takes; see Subscriber. */
export async function* receive(
  url: string,
  options: SubscriptionOptions,
): AsyncGenerator<RawEvent, void, void> {
  const { signal, idleTimeout = 45_000, onOpen, onGap, onPresence, onReconnect } = options;
  const seen = new Seen();
  let { lastEventId } = options;
  let retry = FIRST_WAIT;
  let failures = 0;

  while (!signal?.aborted) {
    const deadline = new Deadline(signal);
    // Until the hub has sent what was missed.
    let resuming = lastEventId !== undefined;
    let error: TidingsError | undefined;
    try {
      deadline.start(idleTimeout, `no answer within ${idleTimeout} ms`);
      const response = await openStream(
        url,
        { ...options, format: "envelope" },
        lastEventId,
        deadline.signal,
      );
      if (!response) return;
      const chunks = readMessages(response, deadline, idleTimeout, (ms) => {
        retry = Math.max(ms, SHORTEST_WAIT);
      });
      for await (const messages of chunks) {
        for (const { event: type = "message", id, data } of messages) {
          if (type === HubEvent.busy) throw busy(data);
          failures = 0;
          if (isHubEvent(type)) {
            // `connected` has the place where the stream begins, so that a connection which is lost before its
            // first event can be resumed too, and `tidings.position` one that it has come to without an event.
            lastEventId = id ?? lastEventId;
            if (type === HubEvent.connected) onOpen?.({ clientId: clientIdOf(data) });
            else if (type === HubEvent.gap) onGap?.(gapOf(data));
            else if (type === HubEvent.resumed) resuming = false;
            else {
              const presence = onPresence && presenceOf(type, data);
              if (presence) onPresence(presence);
            }
          } else if (!(resuming && id !== undefined && seen.has(id, type, data))) {
            if (id !== undefined) seen.add(id, type, data);
            // Only now has the event reached its reader, so only now would a reconnect pass it over.
            lastEventId = id ?? lastEventId;
            yield { id: lastEventId ?? "", type, ...contentOf(url, type, data) };
            if (signal?.aborted) return;
          }
        }
      }
    } catch (cause) {
      if (signal?.aborted) return;
      if (!isTransient(cause)) throw cause;
      error = cause;
    } finally {
      deadline.end();
    }
    failures++;
    const delay = Math.max(backoff(retry, failures), error?.retryAfter ?? 0);
    onReconnect?.({ attempt: failures, delay, error });
    await sleep(delay, signal);
  }
}

/** What is in the envelope of an event besides its id and its type. */
function contentOf(url: string, type: string, text: string): Pick<RawEvent, "topics" | "time" | "data"> {
  const envelope = parseJson(text);
  const { topics, time, data } = isRecord(envelope) ? envelope : {};
  if (Array.isArray(topics) && topics.every(isString) && isString(time) && data !== undefined) {
    return { topics, time, data };
  }
  throw notAHub(url, 200, `sent a ${type} that is no envelope`);
}
