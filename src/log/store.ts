import type { CurrentReader } from "./current-values.ts";
import type { EndedReader } from "./ended-topics.ts";
import type { Draft, Entry } from "./entry.ts";
import type { Life } from "./lives.ts";

/** A value, or a promise of it. A store that returns a value costs no wait. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Keeps the events of a log. The store gives events their order and their places, so several nodes can share
 * one. The log calls `append`, `trim` and `erase` one at a time. It reports an error of the store as a
 * {@link StoreFailure}, and calls the store again later.
 */
export interface Store {
  /** The name of the store, as `GET /status` shows it. */
  readonly name: string;
  /** The bounds of the history. */
  readonly bounds: Bounds;
  /**
   * Whether {@link Store.trim} is called each second even if no age is bounded, to check the store.
   *
   * @defaultValue false
   */
  readonly needsUpkeep?: boolean;
  /**
   * Whether readers are served from memory while the store fails, so that the hub is still ready for them.
   *
   * @defaultValue false
   */
  readonly servesWhileFailing?: boolean;
  /** The number of events that are held. */
  readonly count: number;
  /** The cost of the held events, in bytes, with data, topics and ids. */
  readonly bytes: number;
  /** The position of the oldest event that is held; undefined when none is. */
  readonly earliest: number | undefined;
  /**
   * How the engine behind the store is doing, where there is one: `GET /status`, the metrics and the console
   * show it.
   *
   * @defaultValue absent: the store is in this process
   */
  readonly engine?: EngineStatus | undefined;
  /**
   * The newest event published with `retain` for each topic and type: what readers are sent first. It has
   * changed before the follower is told of an event.
   *
   * @defaultValue absent: the store keeps no current values, and events with `retain` are refused
   */
  readonly current?: CurrentReader | undefined;
  /**
   * On how many topics the events of one batch may become current or end, all together. An event on no topic
   * counts as one.
   *
   * @defaultValue absent: as many as the hub takes, 10,000
   */
  readonly maxLasting?: number | undefined;
  /**
   * Clears a current value.
   *
   * @param topic undefined: the value of the type on no topic
   * @returns whether there was one
   */
  clearCurrent?(type: string, topic: string | undefined): Awaitable<boolean>;
  /**
   * The topics that have ended. It has changed before the follower is told of an event.
   *
   * @defaultValue absent: topics do not end here, and events with `end` are refused
   */
  readonly ended?: EndedReader | undefined;
  /**
   * Opens a topic that has ended, at all nodes. Those who read it already are not told.
   *
   * @returns whether it had ended
   */
  openTopic?(topic: string): Awaitable<boolean>;
  /**
   * From now on, tells the follower of all events that are kept, in order, also of those that this store
   * appends itself. It is called once, before anything else, and again after an error.
   */
  follow(follower: Follower): Awaitable<LogStart>;
  /**
   * Keeps the events of each batch, in this order: all of a batch, or none. Then it removes events past the
   * bounds. An id that is held on the same topics is a duplicate or a conflict. Nothing else is kept on a topic
   * that has ended, by an event before it in the same batch perhaps.
   *
   * The store may tell the follower before or after it returns.
   *
   * @returns for each batch a receipt for each draft, or why the batch is not kept
   */
  append(batches: readonly Batch[]): Awaitable<readonly (readonly Receipt[] | Refusal)[]>;
  /** Removes events past the bounds. After a failure it shows whether the store works again. */
  trim(): Awaitable<void>;
  /**
   * Finds the position of a cursor: an event's id, or a place. All events after it must still be held.
   *
   * @param mayRead whether the reader may read an event. When several events have the id, on different
   * topics, the position is that of the earliest held event that the reader may read.
   * @returns undefined when the cursor is unknown, or events after it are no longer held
   */
  locate(cursor: string, mayRead: MayRead): Awaitable<number | undefined>;
  /**
   * Reads the next events after a position, oldest first, at most `limit`. It examines a part of the log in
   * bounded time, and returns how far it has come.
   *
   * @param topics a hint: the topics that the reader wants, and prefixes that end in `*`. Events on other
   * topics only may be left out.
   */
  read(after: number, limit: number, topics?: readonly string[]): Awaitable<Stretch>;
  /**
   * Erases the data of the event at a position. Its place, id and topics stay, so that readers can resume
   * there. As a current value it goes.
   *
   * @returns whether the event is held, or was a current value
   * @defaultValue absent: the store can't erase
   */
  erase?(position: number): Awaitable<boolean>;
  /**
   * Writes a consistent copy of all held events to a new SQLite file, which a hub can open as its store.
   * Meanwhile the store keeps working, and so does the rest of the process.
   *
   * @defaultValue absent: there are no backups
   */
  backup?(path: string): Promise<void>;
  /** Closes the store. Nothing is called afterwards. */
  close(): Awaitable<void>;
}

/** Whether a reader may read an event on these topics. */
export type MayRead = (event: Pick<Entry, "position" | "topics" | "private" | "erased">) => boolean;

/** The log, as its store sees it. The store calls these functions in order. */
export interface Follower {
  /**
   * Events have been kept. Their positions are consecutive, and higher than those told before. A stretch may be
   * missing before them.
   */
  kept(entries: readonly Entry[]): void;
  /** The events after this position are lost, although they were told before. */
  rolledBack(to: number): void;
  /** The data of the event at this position is erased: also where it was told before. */
  erased?(position: number): void;
  /** A current value is cleared: what was told before does not set it. */
  cleared?(type: string, topic: string | undefined): void;
  /** The store has begun to fail. A store that returns values throws instead. */
  failed(error: unknown): void;
  /** The store works again. */
  works(): void;
  /** A warning for the operator, in one line. */
  warned(message: string): void;
  /** A piece of news for the operator, in one line: nothing is wrong. */
  noted(message: string): void;
}

/** The state of a log when it is first followed. */
export interface LogStart {
  /** The position of the newest event ever appended; 0 before the first. */
  readonly head: number;
  /** The lives that are known, oldest first; at least one. */
  readonly lives: readonly Life[];
}

/** How an engine that keeps a log for many nodes is doing, as one node sees it. */
export interface EngineStatus {
  /** Whether the node is in step with the engine, or the nodes put back what the engine has lost. */
  readonly state: "away" | "recovering" | "open";
  /** Why it is away; undefined when it is not. */
  readonly reason: string | undefined;
  /** The server that the node is connected to; undefined when it is away. */
  readonly host: string | undefined;
  /** The node's name in the log. */
  readonly node: string;
  /** The life that the log is in, and its number; undefined until the node has heard of it. */
  readonly life: { readonly number: number; readonly word: string } | undefined;
  /** How many positions the node is behind what the engine has, as last heard. */
  readonly lag: number;
  /** How long the engine took to answer the last append, in milliseconds; 0 before the first. */
  readonly appendMs: number;
  /** How many units the node has put back. */
  readonly putBack: number;
  /** How many positions that the node had followed were lost. */
  readonly lost: number;
  /** What the engine promises, in one line. */
  readonly durability: string;
}

/** Events of which all are kept, or none. */
export interface Batch {
  /** The events, in order. */
  readonly drafts: readonly Draft[];
  /** The number of clients that each event is for. */
  readonly recipients: readonly number[];
}

/** The answer to the publisher of an event. */
export interface Receipt {
  /** The position of the event in the log. */
  readonly position: number;
  /** The id of the event: the publisher's, or one of the store. */
  readonly id: string;
  /** The number of clients that the event was for when it was first published. */
  readonly recipients: number;
  /** Whether the event had been published before. Then it was not delivered again. */
  readonly duplicate: boolean;
}

/** A stretch of the log that was read. */
export interface Stretch {
  /** The entries, oldest first. */
  readonly entries: readonly Entry[];
  /** The last position that was examined. The next read begins after it. */
  readonly upTo: number;
  /**
   * The first and the last position of events before the entries that can't be read: they were trimmed,
   * damaged or lost. The first one is right after the position that was asked for.
   *
   * @defaultValue none are missing
   */
  readonly missing?: { readonly from: number; readonly to: number } | undefined;
}

/** The bounds of a history. When one is passed, the oldest events are removed. */
export interface Bounds {
  /** The most events; `Infinity` for no bound. */
  readonly events: number;
  /** The greatest cost of the events, in bytes; `Infinity` for no bound. */
  readonly bytes: number;
  /** The greatest age of an event, in milliseconds; `Infinity` for no bound. */
  readonly age: number;
}

/** The bounds of a store that is given none. */
export const DEFAULT_BOUNDS: Bounds = {
  events: 10_000,
  bytes: 64 * 1024 * 1024,
  age: Number.POSITIVE_INFINITY,
};

/** The store has failed; `cause` is its error. Nothing was kept. The store may work again later. */
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

/** The id is already used on the same topics for an event with other content. */
export class IdConflict extends Error {
  override readonly name = "IdConflict";
  /** The id that is already used. */
  readonly id: string;

  constructor(id: string) {
    super(`id ${JSON.stringify(id)} is already used for a different event`);
    this.id = id;
  }
}

/** The topic has ended: an event with `end` was its last. */
export class TopicEnded extends Error {
  override readonly name = "TopicEnded";
  /** The topic that has ended. */
  readonly topic: string;

  constructor(topic: string) {
    super(`the topic ${JSON.stringify(topic)} has ended`);
    this.topic = topic;
  }
}

/** Why events are not kept, through no fault of the store. */
export type Refusal = IdConflict | TopicEnded;

/** Whether what a store answers is a refusal. */
export function isRefusal(answer: readonly Receipt[] | Refusal | undefined): answer is Refusal {
  return answer instanceof IdConflict || answer instanceof TopicEnded;
}
