import type { Draft, Entry } from "../log/entry.ts";
import { namedTopics } from "./ends.ts";
import { Filter, type Interest, mayRead, type PrivateTopics, type Subject } from "./interest.ts";
import type { StreamFormat } from "./stream-format.ts";

/** A member of a subscription. */
export interface Reader {
  readonly privateTopics: PrivateTopics;
}

/** Events for some of a subscription's live readers. */
export interface Batch<R extends Reader> {
  readonly readers: ReadonlySet<R>;
  readonly entries: readonly Entry[];
}

/** Readers with the same interest. Each event is matched once and encoded once for all of them. */
export class Subscription<R extends Reader> {
  readonly key: string;
  readonly interest: Interest;
  /** Its topics, if it asks for them by their names alone. */
  readonly named: readonly string[] | undefined;
  readonly format: StreamFormat;
  readonly #filter: Filter;
  /** The live readers. The next delivery is for them. */
  readonly live = new Set<R>();
  /** The number of readers, live or not. */
  size = 0;
  /** Every live reader has an event id of this position, or a later one. */
  oldestCursor = 0;
  /** No live reader has an event id of a later position. */
  newestCursor = 0;
  /** The readers with private topics, live or not. Most subscriptions have none. */
  #private: Set<R> | undefined;
  /** The number of the last search that found it. An event may find it by several topics. */
  foundBy = 0;
  /** Events that wait for delivery. */
  #pending: Entry[] = [];
  #hasPrivate = false;

  constructor(key: string, interest: Interest, format: StreamFormat) {
    this.key = key;
    this.interest = interest;
    this.named = namedTopics(interest);
    this.format = format;
    this.#filter = new Filter(interest);
  }

  add(reader: R): void {
    this.size++;
    if (!reader.privateTopics) return;
    this.#private ??= new Set();
    this.#private.add(reader);
  }

  /** The reader is live from now on. `cursor` is the position of its last event id. */
  goLive(reader: R, cursor: number): void {
    this.oldestCursor = this.live.size === 0 ? cursor : Math.min(cursor, this.oldestCursor);
    this.newestCursor = Math.max(cursor, this.newestCursor);
    this.live.add(reader);
  }

  /** All live readers have been sent the event id of this position. */
  moveCursors(position: number): void {
    this.oldestCursor = position;
    this.newestCursor = position;
  }

  remove(reader: R): void {
    this.size--;
    this.live.delete(reader);
    this.#private?.delete(reader);
  }

  /** Whether the subscription covers the event type. */
  takes(type: string | undefined): boolean {
    return this.#filter.takes(type);
  }

  asksFor(event: Subject): boolean {
    return this.#filter.asksFor(event);
  }

  /** How many readers may read an event that the subscription asks for. */
  recipients(event: Draft): number {
    if (!event.private) return this.size;
    let count = 0;
    for (const { privateTopics } of this.#private ?? []) if (mayRead(privateTopics, event)) count++;
    return count;
  }

  /** Adds an event to the next delivery. True if it is the first one. */
  push(entry: Entry): boolean {
    if (entry.private) {
      this.#hasPrivate = true;
      this.newestCursor = entry.position;
    } else {
      this.moveCursors(entry.position);
    }
    return this.#pending.push(entry) === 1;
  }

  /** The events of the next delivery, in batches of readers that may read the same events. */
  takeBatches(): Iterable<Batch<R>> {
    const entries = this.#pending;
    this.#pending = [];
    if (!this.#hasPrivate) return [{ readers: this.live, entries }];
    this.#hasPrivate = false;
    return this.#byReadable(entries);
  }

  /** Groups the live readers by the events that they may read. Each group is encoded once. */
  #byReadable(entries: readonly Entry[]): Iterable<Batch<R>> {
    const privateEntries = entries.filter((entry) => entry.private);
    const allPrivate = privateEntries.length === entries.length;
    const groups = new Map<string, { readers: Set<R>; entries: Entry[] }>();
    // When all entries are private, only readers with private topics can read any.
    for (const reader of allPrivate ? (this.#private ?? []) : this.live) {
      if (!this.live.has(reader)) continue;
      const { privateTopics } = reader;
      const readable = privateTopics ? privateEntries.filter((entry) => mayRead(privateTopics, entry)) : [];
      if (allPrivate && readable.length === 0) continue;
      const key = readable.map(({ position }) => position).join();
      const group = groups.get(key);
      if (group) group.readers.add(reader);
      else {
        const own = entries.filter((entry) => !entry.private || readable.includes(entry));
        groups.set(key, { readers: new Set([reader]), entries: own });
      }
    }
    return groups.values();
  }
}
