import { createParser } from "eventsource-parser";

/** What a hub holds, as its replay tells: read without the SDK, which is what is being tested. */
export async function stored(url: string): Promise<{ id: string; type: string; data: unknown }[]> {
  const stop = new AbortController();
  const response = await fetch(`${url}/events?last_event_id=earliest`, { signal: stop.signal });
  const events: { id: string; type: string; data: unknown }[] = [];
  let complete = false;
  const parser = createParser({
    onEvent({ id, event = "message", data }) {
      if (event === "tidings.resumed") complete = true;
      else if (id !== undefined && event !== "connected" && !complete)
        events.push({ id, type: event, data: JSON.parse(data) });
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (complete) break;
  }
  stop.abort();
  return events;
}
