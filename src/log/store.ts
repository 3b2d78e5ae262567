import type { Draft, Entry } from "./entry.ts";
import type { Life } from "./lives.ts";

/** A value, or a promise of it. A store that answers at once costs no wait. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Where the log keeps its events. The store gives events their order and their places, so that one
 * that several hubs share can do so for all of them. The log asks it to append, trim or erase one
 * thing at a time. What it throws is the log's to report: it is asked again, and may work by then.
 */
export interface Store {
  /** What it is, as `GET /status` shows it. */
  readonly name: string;
  /** How much it keeps. */
  readonly bounds: Bounds;
  /**
   * Whether {@link Store.trim} is called each second though no age is bounded, to see that all is in order.
   *
   * @defaultValue false
   */
  readonly needsUpkeep?: boolean;
  /** How many events are held. */
  readonly count: number;
  /** What they cost to hold, in bytes: data, topics, ids and all. */
  readonly bytes: number;
  /** The position of the oldest event that is held; undefined when none is. */
  readonly earliest: number | undefined;
  /**
   * Begins to tell the follower of all that is kept from here on, in order, what this store itself
   * appends included. It is called once, before anything else; after an error, again.
   */
  follow(follower: Follower): Awaitable<LogStart>;
  /**
   * Keeps the events of each batch, in this order, all of a batch or none; what is past the bounds
   * goes. An id that stands on the same topics already is a duplicate or a conflict.
   *
   * It may answer before or after the follower is told.
   *
   * @returns for each batch a receipt for each draft, or the conflict for which nothing of it is kept.
   */
  append(batches: readonly Batch[]): Awaitable<readonly (readonly Receipt[] | IdConflict)[]>;
  /** Lets go of what is past the bounds. After a failure it finds out whether the store works again. */
  trim(): Awaitable<void>;
  /**
   * The position of a cursor: an event's id, or a place. All events after it are still held.
   *
   * @param mayRead whether the reader may read an event. An id that stands on several topics is
   * located at the earliest held event that the reader may read.
   * @returns undefined when the cursor is not known, or events after it are gone.
   */
  locate(cursor: string, mayRead: MayRead): Awaitable<number | undefined>;
  /**
   * The next events after the position, oldest first, `limit` at most. It looks through some of the
   * log in bounded time, and says how far.
   *
   * @param topics a hint: topics and prefixes that end in `*`, which the reader wants. Events that
   * are on none of them, and on some other topic, may be left out.
   */
  read(after: number, limit: number, topics?: readonly string[]): Awaitable<Stretch>;
  /**
   * Erases the data of the event at a position, wherever the store has it. Its place, id and topics
   * stay, so that readers can resume there. False if it is not held.
   */
  erase?(position: number): Awaitable<boolean>;
  /**
   * Writes a consistent copy of all that is held to a new SQLite file, which a hub opens as its store.
   * Meanwhile the store goes on, and other work in the process as well. Without it, there are no
   * backups.
   */
  backup?(path: string): Promise<void>;
  /** Ends it: nothing is asked of it any more. */
  close(): Awaitable<void>;
}

/** Whether a reader may read an event on these topics. */
export type MayRead = (event: Pick<Entry, "topics" | "private" | "erased">) => boolean;

/** What a store tells its log, in order. */
export interface Follower {
  /**
   * These events have been kept. Their positions follow one another, and on those that were told
   * before; between, a stretch may be missing.
   */
  kept(entries: readonly Entry[]): void;
  /** What was told after this position is not kept after all. */
  rolledBack(to: number): void;
  /** The store has begun to fail, as the error says. A store that answers at once throws instead. */
  failed(error: unknown): void;
  /** It works again. */
  works(): void;
  /** Something that whoever runs the hub should know, in one line. */
  warned(message: string): void;
}

/** Where a log stands when it is first followed. */
export interface LogStart {
  /** The position of the newest event ever appended; 0 before the first. */
  readonly head: number;
  /** The lives that are known, oldest first; at least one. */
  readonly lives: readonly Life[];
}

/** Events that are kept together or not at all. */
export interface Batch {
  /** In the order in which they are kept. */
  readonly drafts: readonly Draft[];
  /** How many clients each is for. */
  readonly recipients: readonly number[];
}

/** One published event as its publisher hears of it. */
export interface Receipt {
  /** Its position in the log. */
  readonly position: number;
  /** The publisher's, or given by the store. */
  readonly id: string;
  /** How many clients it was for when it was first published. */
  readonly recipients: number;
  /** It had been published before, and was not delivered again. */
  readonly duplicate: boolean;
}

/** A part of the log, as it was read. */
export interface Stretch {
  /** Oldest first. */
  readonly entries: readonly Entry[];
  /** All up to this position has been looked at: reading goes on after it. */
  readonly upTo: number;
  /**
   * These positions, both included, come before the entries and can't be read: they were trimmed,
   * damaged or lost. They begin right after the position that was asked for.
   */
  readonly missing?: { readonly from: number; readonly to: number } | undefined;
}

/** How much history a store keeps: as soon as one bound is passed, the oldest events go. */
export interface Bounds {
  /** How many events; `Infinity` for any number. */
  readonly events: number;
  /** What they cost to hold, in bytes; `Infinity` for any size. */
  readonly bytes: number;
  /** Milliseconds; `Infinity` for any age. */
  readonly age: number;
}

/** What a store keeps unless it is told otherwise. */
export const DEFAULT_BOUNDS: Bounds = {
  events: 10_000,
  bytes: 64 * 1024 * 1024,
  age: Number.POSITIVE_INFINITY,
};

/** The store failed, as `cause` says. Nothing was kept; it may work again later. */
export class StoreFailure extends Error {
  override readonly name = "StoreFailure";

  constructor(cause: unknown) {
    super(`the store fails: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * Whoever was asked to keep events is gone: nobody knows whether they were kept. A store throws it
 * from `append`. With an id, an event can be published again, and is not doubled.
 */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
}

/** The id belongs to an event on the same topics that says something else. */
export class IdConflict extends Error {
  override readonly name = "IdConflict";
  /** The id that is taken. */
  readonly id: string;

  constructor(id: string) {
    super(`id ${JSON.stringify(id)} is already used for a different event`);
    this.id = id;
  }
}
