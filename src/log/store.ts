import type { Draft, Entry } from "./entry.ts";

type Awaitable<T> = T | Promise<T>;

/**
 * Where the log keeps its events. The store gives events their order and their ids, so that one
 * that several hubs share can do so for all of them; the log asks it for one thing at a time.
 */
export interface Store {
  /** What it is, as `GET /status` shows it. */
  readonly name: string;
  /** The position of the newest event ever appended; 0 before the first. */
  readonly head: number;
  /** The oldest event still held. */
  readonly earliest: Entry | undefined;
  /** How many events are held. */
  readonly count: number;
  /** What they cost to hold, in bytes. */
  readonly bytes: number;
  /** Keeps all of them, in this order, or none; what is past the bounds goes. */
  append(drafts: readonly Draft[]): Awaitable<readonly Entry[]>;
  /** The event with this id, if it is still held. */
  find(id: string): Awaitable<Entry | undefined>;
  /** Up to `limit` events after the position, oldest first. */
  read(after: number, limit: number): Awaitable<readonly Entry[]>;
  close(): Awaitable<void>;
}

/** How much history a store keeps: as soon as one bound is passed, the oldest events go. */
export interface Bounds {
  readonly events: number;
  readonly bytes: number;
}

export const DEFAULT_BOUNDS: Bounds = { events: 10_000, bytes: 64 * 1024 * 1024 };
