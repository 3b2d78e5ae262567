import type { Status } from "./status.ts";

// The stream of the console: first `past`, then `events` several times a second, and `tick` once a second.

/** An event as the console lists it. */
export interface ConsoleEvent {
  readonly id: string;
  readonly type: string;
  readonly topics: readonly string[];
  /** The beginning of the data, as JSON text. */
  readonly json: string;
  /** The length of the whole text, in characters. */
  readonly length: number;
  readonly retry?: number;
  readonly private?: true;
  /** How many clients it was for when it was published. */
  readonly recipients: number;
  /** When it was kept, in Unix milliseconds by the hub's clock. */
  readonly time: number;
}

/** Some events in their order, as the feed sends them. */
export interface ConsoleEvents {
  /** Whether they are older than the stream. */
  readonly backlog: boolean;
  readonly events: readonly ConsoleEvent[];
  /** The number of events before these that were too many to show. */
  readonly skipped: number;
}

/** The figures of the last minutes, oldest first; null where one is not known. */
export type PastFigures = readonly {
  /** The hub's clock, in Unix milliseconds. */
  readonly time: number;
  /** Events a second. */
  readonly published: number | null;
  /** Events a second. */
  readonly delivered: number | null;
  readonly clients: number;
  /** The mean time from publishing to the write to the last client, in ms. */
  readonly latency: number | null;
  /** Bytes. */
  readonly memory: number;
}[];

/** The most frequent names, and their counts. */
export interface TallyCounts {
  readonly top: readonly (readonly [name: string, count: number])[];
  /** The number of different names. */
  readonly distinct: number;
}

/** The figures since the tick before, usually of one second. */
export interface Tick {
  readonly status: Status;
  /** The hub's clock, in Unix milliseconds. */
  readonly now: number;
  /** The time from publishing to the write to the last client, in ms; null when nothing was published. */
  readonly latency: { readonly mean: number; readonly max: number } | null;
  /** When the oldest event that is held was kept, in Unix milliseconds; null when there is none. */
  readonly oldest: number | null;
  readonly types: TallyCounts;
  readonly topics: TallyCounts;
  /** Whether the page showed a key, which it can forget. */
  readonly keyed: boolean;
}
