import type { Entry } from "../log/entry.ts";
import { joinFrames } from "../protocol/frame.ts";
import type { StreamFormat } from "./stream-format.ts";

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
export function chunksOf(entries: readonly Entry[], format: StreamFormat): Iterable<Chunk> {
  const [only] = entries;
  // Most deliveries have one event. With many subscriptions, a generator for each would cost time.
  if (only && entries.length === 1)
    return [{ bytes: format.frameOf(only), position: only.position, count: 1 }];
  return join(entries, format);
}

function* join(entries: readonly Entry[], format: StreamFormat): Generator<Chunk, void, void> {
  let frames: Uint8Array[] = [];
  let bytes = 0;
  let next: Uint8Array | undefined;
  for (const [i, entry] of entries.entries()) {
    const frame = next ?? format.frameOf(entry);
    frames.push(frame);
    bytes += frame.length;
    const following = entries[i + 1];
    next = following && format.frameOf(following);
    if (next && bytes + next.length <= MAX_CHUNK_BYTES) continue;
    yield { bytes: joinFrames(frames), position: entry.position, count: frames.length };
    frames = [];
    bytes = 0;
  }
}
