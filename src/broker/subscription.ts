import type { Draft, Entry } from "../log/entry.ts";
import { Filter, type Interest, mayRead, type PrivateTopics } from "./interest.ts";

/** How readers are shown that their line is alive: by a comment, or by an event that a page can see. */
export type KeepAliveForm = "comment" | "event";

/** Somebody who has a subscription. */
export interface Reader {
  readonly privateTopics: PrivateTopics;
}

/** Events for some of a subscription's live readers. */
export interface Batch<R extends Reader> {
  readonly readers: ReadonlySet<R>;
  readonly entries: readonly Entry[];
}

/** Readers that ask for the same thing: matched once and encoded once for all of them. */
export class Subscription<R extends Reader> {
  readonly key: string;
  readonly interest: Interest;
  readonly keepAlive: KeepAliveForm;
  readonly #filter: Filter;
  /** Readers that have been sent all there was: the next delivery is for them. */
  readonly live = new Set<R>();
  /** How many readers it has, live or not. */
  size = 0;
  /** Each live reader was sent an event id of this position, or a later one. */
  oldestCursor = 0;
  /** No live reader was sent an event id of a later position. */
  newestCursor = 0;
  /** Those of them, live or not, that may read some private events. Most subscriptions have none. */
  #private: Set<R> | undefined;
  /** The number of the search that found it last: an event may find it by several of its topics. */
  foundBy = 0;
  /** What waits to be delivered. */
  #pending: Entry[] = [];
  #hasPrivate = false;

  constructor(key: string, interest: Interest, keepAlive: KeepAliveForm) {
    this.key = key;
    this.interest = interest;
    this.keepAlive = keepAlive;
    this.#filter = new Filter(interest);
  }

  add(reader: R): void {
    this.size++;
    if (!reader.privateTopics) return;
    this.#private ??= new Set();
    this.#private.add(reader);
  }

  /** The reader has been sent all there was, and the event id of that position. */
  goLive(reader: R, cursor: number): void {
    this.oldestCursor = this.live.size === 0 ? cursor : Math.min(cursor, this.oldestCursor);
    this.newestCursor = Math.max(cursor, this.newestCursor);
    this.live.add(reader);
  }

  /** All live readers have been sent the event id of that position. */
  moveCursors(position: number): void {
    this.oldestCursor = position;
    this.newestCursor = position;
  }

  remove(reader: R): void {
    this.size--;
    this.live.delete(reader);
    this.#private?.delete(reader);
  }

  /** Whether it asks for an event of the type on a topic that it names, or on none. */
  takes(type: string | undefined): boolean {
    return this.#filter.takes(type);
  }

  asksFor(event: Draft | Entry): boolean {
    return this.#filter.asksFor(event);
  }

  /** How many of its readers may read an event that it asks for. */
  recipients(event: Draft): number {
    if (!event.private) return this.size;
    let count = 0;
    for (const { privateTopics } of this.#private ?? []) if (mayRead(privateTopics, event)) count++;
    return count;
  }

  /** Keeps the event for the next delivery; true if it is the first for that. */
  push(entry: Entry): boolean {
    if (entry.private) {
      this.#hasPrivate = true;
      this.newestCursor = entry.position;
    } else {
      this.moveCursors(entry.position);
    }
    return this.#pending.push(entry) === 1;
  }

  /** All that was pushed, for all who are live; where some of it is private, for those who may read the same. */
  takeBatches(): Iterable<Batch<R>> {
    const entries = this.#pending;
    this.#pending = [];
    if (!this.#hasPrivate) return [{ readers: this.live, entries }];
    this.#hasPrivate = false;
    return this.#byReadable(entries);
  }

  /** Splits the live readers by which of the events they may read: each group is encoded for once. */
  #byReadable(entries: readonly Entry[]): Iterable<Batch<R>> {
    const privateEntries = entries.filter((entry) => entry.private);
    const allPrivate = privateEntries.length === entries.length;
    const groups = new Map<string, { readers: Set<R>; entries: Entry[] }>();
    // Entries that are all private are for nobody else.
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
