import type { Status } from "./status.ts";

// What the console's own stream sends: `events` some times a second, and `tick` once.

/** An event as the console lists it. */
export interface ConsoleEvent {
  readonly id: string;
  readonly type: string;
  readonly topics: readonly string[];
  /** The data as JSON text, cut short when it is long. */
  readonly json: string;
  /** How long the whole text is, in characters. */
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
  /** They were held before the page came. */
  readonly backlog: boolean;
  readonly events: readonly ConsoleEvent[];
  /** How many more came before these, too many to show. */
  readonly skipped: number;
}

/** The names met most often, and how often. */
export interface TallyCounts {
  readonly top: readonly (readonly [name: string, count: number])[];
  /** How many different names there were. */
  readonly distinct: number;
}

/** The figures of the time since the last one, mostly a second, as the feed's `tick`. */
export interface Tick {
  readonly status: Status;
  /** The hub's clock, in Unix milliseconds. */
  readonly now: number;
  /** How long from publishing to the last client's write, in ms; null when nothing was published. */
  readonly latency: { readonly mean: number; readonly max: number } | null;
  readonly types: TallyCounts;
  readonly topics: TallyCounts;
  /** It took a key to get this; the page can forget it. */
  readonly keyed: boolean;
}
