import { credentialOf, request, textOf } from "./connection.ts";
import { notAHub, refusal } from "./error.ts";
import type { SubscriptionOptions } from "./subscription.ts";

/** What a stream is asked for. */
export interface StreamRequest extends SubscriptionOptions {
  /** How events read; as JSON text by default. */
  format?: "envelope" | undefined;
}

/**
 * Asks for the event stream (`GET /events`) after an event. Undefined when the hub says that there is
 * nothing to come (204, which tells an EventSource not to reconnect).
 *
 * @throws TidingsError when it refuses.
 */
export async function openStream(
  url: string,
  options: StreamRequest,
  lastEventId: string | undefined,
  signal: AbortSignal,
): Promise<Response | undefined> {
  const query = new URLSearchParams();
  for (const topic of options.topics ?? []) query.append("topic", topic);
  for (const type of options.types ?? []) query.append("type", type);
  if (options.onPresence) query.set("presence", "true");
  if (options.format) query.set("format", options.format);
  const headers: Record<string, string> = { accept: "text/event-stream" };
  // fetch takes no header with characters beyond Latin-1, and UTF-8 only within ASCII is the same.
  if (lastEventId && isAscii(lastEventId)) headers["last-event-id"] = lastEventId;
  else if (lastEventId) query.set("last_event_id", lastEventId);

  if (options.ticket) query.set("ticket", await credentialOf(options.ticket));

  const search = query.toString();
  const response = await request(options, search ? `${url}${url.includes("?") ? "&" : "?"}${search}` : url, {
    headers,
    signal,
    // Otherwise a browser holds a second request for the same URL back until the first has ended.
    cache: "no-store",
  });
  if (response.status === 204) return undefined;
  if (!response.ok) throw refusal(response, await textOf(response, signal));
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw notAHub(url, response.status, "answered without an event stream");
  }
  return response;
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
