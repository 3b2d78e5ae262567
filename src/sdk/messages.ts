import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { Deadline } from "./deadline.ts";
import { unreachable } from "./error.ts";

/**
 * Reads an event stream (HTML standard, 9.2.6) and yields the messages that each chunk completes.
 * The next chunk is read when those have been dealt with, so a slow consumer slows the hub. What is
 * half received when the stream ends is dropped, as the standard demands.
 *
 * The deadline runs while bytes are awaited; keep-alive comments are bytes.
 *
 * @throws TidingsError with status 0 when the connection is lost.
 */
export async function* readMessages(
  { body, url }: Response,
  deadline: Deadline,
  idleTimeout: number,
  onRetry: (ms: number) => void,
): AsyncGenerator<EventSourceMessage[], void, void> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let complete: EventSourceMessage[] = [];
  const parser = createParser({ onRetry, onEvent: (message) => complete.push(message) });
  try {
    for (;;) {
      deadline.start(idleTimeout, `nothing received for ${idleTimeout} ms`);
      // Not every runtime lets an abort reach a read that is under way.
      const { done, value } = await deadline.race(reader.read()).catch((error: unknown) => {
        throw unreachable(url, deadline.signal.reason ?? error);
      });
      deadline.stop();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      if (complete.length > 0) yield complete;
      complete = [];
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
