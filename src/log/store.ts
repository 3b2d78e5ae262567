import type { Draft, Entry } from "./entry.ts";

export type Awaitable<T> = T | Promise<T>;

/**
 * Where the log keeps its events. The store gives events their order and their ids, so that one
 * that several hubs share can do so for all of them; the log asks it to append one thing at a time.
 * What it throws is the log's to report: it is asked again, and may work by then.
 */
export interface Store {
  /** What it is, as `GET /status` shows it. */
  readonly name: string;
  readonly bounds: Bounds;
  /** The position of the newest event ever appended; 0 before the first. */
  readonly head: number;
  /** The oldest event still held. */
  readonly earliest: Pick<Entry, "position" | "id"> | undefined;
  /** How many events are held. */
  readonly count: number;
  /** What they cost to hold, in bytes. */
  readonly bytes: number;
  /**
   * Keeps all of them, in this order, or none; what is past the bounds goes.
   *
   * @param recipients how many clients each is for.
   */
  append(drafts: readonly Draft[], recipients: readonly number[]): Awaitable<readonly Entry[]>;
  /** Lets go of what is past the bounds. After a failure it finds out whether the store works again. */
  trim(): Awaitable<void>;
  /** The event with this id, if it is still held. */
  find(id: string): Awaitable<Entry | undefined>;
  /** The next events after the position, oldest first: at least one if there is any, `limit` at most. */
  read(after: number, limit: number): Awaitable<readonly Entry[]>;
  close(): Awaitable<void>;
}

/** How much history a store keeps: as soon as one bound is passed, the oldest events go. */
export interface Bounds {
  readonly events: number;
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
