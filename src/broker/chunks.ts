import type { Entry } from "../log/entry.ts";
import { joinFrames } from "../protocol/frame.ts";

/** Bytes for a client, and how far in the log they bring it. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly position: number;
  /** How many events it holds. */
  readonly count: number;
}

/**
 * One write is no larger than this (or one event): it bounds what a client that stops reading
 * makes the runtime hold for it.
 */
const MAX_CHUNK_BYTES = 32 * 1024;

/** The events' frames, joined up to the size of a write; each when it is asked for. */
export function chunksOf(entries: readonly Entry[]): Iterable<Chunk> {
  const [only] = entries;
  // Most often there is but one; among many subscriptions a generator for each would be felt.
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
