import type { Entry } from "../log/entry.ts";
import { joinFrames } from "../protocol/frame.ts";

/** Bytes for a client, and the position in the log that they bring it to. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly position: number;
  /** The number of events in it. */
  readonly count: number;
}

/**
 * The largest chunk, in bytes; a single event may be larger. It bounds the memory that the runtime
 * holds for a client that stops reading.
 */
const MAX_CHUNK_BYTES = 32 * 1024;

/** Joins the frames of the events into chunks, each on demand. */
export function chunksOf(entries: readonly Entry[]): Iterable<Chunk> {
  const [only] = entries;
  // Most deliveries have one event. With many subscriptions, a generator for each would cost time.
  if (only && entries.length === 1) return [{ bytes: only.frame, position: only.position, count: 1 }];
  return join(entries);
}

function* join(entries: readonly Entry[]): Generator<Chunk, void, void> {
  let frames: Uint8Array[] = [];
  let bytes = 0;
  for (const [i, entry] of entries.entries()) {
    const { frame } = entry;
    frames.push(frame);
    bytes += frame.length;
    const next = entries[i + 1];
    if (next && bytes + next.frame.length <= MAX_CHUNK_BYTES) continue;
    yield { bytes: joinFrames(frames), position: entry.position, count: frames.length };
    frames = [];
    bytes = 0;
  }
}
