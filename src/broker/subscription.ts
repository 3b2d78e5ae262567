import type { Draft, Entry } from "../log/entry.ts";
import { joinFrames } from "../protocol/frame.ts";
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

/** Events for some clients that are live. */
export interface Batch {
  readonly clients: ReadonlySet<Client>;
  readonly entries: readonly Entry[];
}

/** Clients that ask for the same thing: matched once and encoded once for all of them. */
export class Subscription {
  readonly key: string;
  readonly interest: Interest;
  readonly #filter: Filter;
  /** Clients that have been sent all there was: the next chunk is for them. */
  readonly live = new Set<Client>();
  /** Clients that have yet to be sent what others have: replaying, or slow to read. */
  readonly behind = new Set<Client>();
  /** Those among them all that may read some private events. */
  readonly granted = new Set<Client>();
  /** The search for an event's subscriptions that met it last; it may be met by several topics. */
  metBy = 0;
  #pending: Entry[] = [];
  #hasPrivate = false;

  constructor(key: string, interest: Interest) {
    this.key = key;
    this.interest = interest;
    this.#filter = new Filter(interest);
  }

  get size(): number {
    return this.live.size + this.behind.size;
  }

  /** Whether it asks for an event of the type on a topic that it names, or on none. */
  takes(type: string): boolean {
    return this.#filter.takes(type);
  }

  asksFor(event: Draft): boolean {
    return this.#filter.asksFor(event);
  }

  /** How many of its clients may read an event that it asks for. */
  clientsFor(event: Draft): number {
    if (!event.private) return this.size;
    let count = 0;
    for (const client of this.granted) if (client.mayRead(event)) count++;
    return count;
  }

  /** Keeps the event for the next batches; true if it is the first since they were taken. */
  add(entry: Entry): boolean {
    if (entry.private) this.#hasPrivate = true;
    return this.#pending.push(entry) === 1;
  }

  /** All that was added, for all who are live; where some of it is private, for those who may read the same. */
  takeBatches(): Iterable<Batch> {
    const entries = this.#pending;
    this.#pending = [];
    if (!this.#hasPrivate) return [{ clients: this.live, entries }];
    this.#hasPrivate = false;
    return this.#byReaders(entries);
  }

  /** Splits the live clients by which of the events they may read: each group is encoded for once. */
  #byReaders(entries: readonly Entry[]): Iterable<Batch> {
    const hidden = entries.filter((entry) => entry.private);
    const allHidden = hidden.length === entries.length;
    const groups = new Map<string, { clients: Set<Client>; entries: Entry[] }>();
    // What is all private is for nobody without a grant.
    for (const client of allHidden ? this.granted : this.live) {
      if (!this.live.has(client)) continue;
      const readable = client.grants ? hidden.filter((entry) => client.mayRead(entry)) : [];
      if (allHidden && readable.length === 0) continue;
      const key = readable.map(({ position }) => position).join();
      const group = groups.get(key);
      if (group) group.clients.add(client);
      else {
        const own = entries.filter((entry) => !entry.private || readable.includes(entry));
        groups.set(key, { clients: new Set([client]), entries: own });
      }
    }
    return groups.values();
  }
}

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
    if (next && bytes + next.frame.length <= CHUNK_BYTES) continue;
    yield { bytes: joinFrames(frames), position: entry.position, count: frames.length };
    frames = [];
    bytes = 0;
  }
}
