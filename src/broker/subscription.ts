import { joinFrames } from "../frame.ts";
import type { Draft, Entry } from "../log/entry.ts";
import type { Client } from "./client.ts";
import { Filter, type Interest } from "./interest.ts";

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
const CHUNK_BYTES = 32 * 1024;

/** Clients that want the same thing: matched once and encoded once for all of them. */
export class Subscription {
  readonly key: string;
  readonly interest: Interest;
  readonly #filter: Filter;
  /** Clients that have been sent all there was: the next chunk is for them. */
  readonly live = new Set<Client>();
  /** Clients that have yet to be sent what others have: replaying, or slow to read. */
  readonly behind = new Set<Client>();
  #pending: Entry[] = [];

  constructor(key: string, interest: Interest) {
    this.key = key;
    this.interest = interest;
    this.#filter = new Filter(interest);
  }

  /** The topics it names; events reach it by them without a search. */
  get exact(): ReadonlySet<string> {
    return this.#filter.topics.exact;
  }

  /** Whether it must be asked about every event, since it does not only name exact topics. */
  get searches(): boolean {
    return this.#filter.topics.search;
  }

  get size(): number {
    return this.live.size + this.behind.size;
  }

  wants(event: Draft): boolean {
    return this.#filter.wants(event);
  }

  /** Keeps the event for the next chunks; true if it is the first since they were taken. */
  add(entry: Entry): boolean {
    return this.#pending.push(entry) === 1;
  }

  /** The chunks of all that was added, each encoded when it is asked for, once for every live client. */
  takeChunks(): Iterable<Chunk> {
    const entries = this.#pending;
    this.#pending = [];
    return chunksOf(entries);
  }
}

/** The events' frames, joined up to the size of a write; each when it is asked for. */
export function* chunksOf(entries: readonly Entry[]): Generator<Chunk, void, void> {
  let frames: Uint8Array[] = [];
  let bytes = 0;
  for (const [i, entry] of entries.entries()) {
    const { frame } = entry;
    frames.push(frame);
    bytes += frame.length;
    const next = entries[i + 1];
    if (next && bytes + next.frame.length <= CHUNK_BYTES) continue;
    yield { bytes: joinFrames(frames), position: entry.position, count: frames.length };
    frames = [];
    bytes = 0;
  }
}
