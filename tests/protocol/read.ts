import { createParser } from "eventsource-parser";

/** What a reader makes of a stream. */
export interface Read {
  readonly events: { id: string | undefined; event: string | undefined; data: string }[];
  /** Every waiting time it was told. */
  readonly retries: number[];
  readonly comments: string[];
}

/** Reads a stream with eventsource-parser, piece by piece. */
export function read(pieces: readonly Uint8Array[]): Read {
  const found: Read = { events: [], retries: [], comments: [] };
  const parser = createParser({
    onEvent: ({ id, event, data }) => found.events.push({ id, event, data }),
    onRetry: (milliseconds) => found.retries.push(milliseconds),
    onComment: (comment) => found.comments.push(comment),
    onError(error) {
      throw error;
    },
  });
  const decoder = new TextDecoder();
  for (const piece of pieces) parser.feed(decoder.decode(piece, { stream: true }));
  return found;
}

/** The bytes cut in two or more at the given places. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}
