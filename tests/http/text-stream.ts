import { defer } from "../defer.ts";

/** A stream as text, as far as it has come. */
export interface TextStream {
  readonly text: string;
  readonly ended: boolean;
}

/** Gathers what an answer brings, until the test is over; `stop` is that of its request. */
export function gatherText({ body }: Response, stop: AbortController): TextStream {
  const stream = { text: "", ended: false };
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of body ?? []) stream.text += decoder.decode(bytes, { stream: true });
    stream.ended = true;
  })().catch(() => {});
  defer(async () => {
    stop.abort();
    await reading;
  });
  return stream;
}
