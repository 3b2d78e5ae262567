import { DEFAULT_TYPE } from "../protocol/frame.ts";
import { type Entry, sizeInMemory } from "./entry.ts";

/** An event and the topics that it is the current value of; none: it is the current value of its type alone. */
export interface CurrentValue {
  /** The event. */
  readonly entry: Entry;
  /** The topics on which no newer event of its type replaced it. */
  readonly topics: readonly string[];
}

/** The bounds of the current values. When one is passed, the oldest values go. */
export interface CurrentBounds {
  /** The most values. An event on several topics is as many values. */
  readonly values: number;
  /** The greatest cost of their events, in bytes. */
  readonly bytes: number;
}

/** The bounds of current values, where none are given. */
export const DEFAULT_CURRENT_BOUNDS: CurrentBounds = { values: 10_000, bytes: 64 * 1024 * 1024 };

/** Some of the current values. */
export interface CurrentStretch {
  /** The values, oldest first. */
  readonly values: readonly CurrentValue[];
  /** The last position that was examined. */
  readonly upTo: number;
}

/** The current values of a log, as readers see them. */
export interface CurrentReader {
  /** The bounds of the values. */
  readonly bounds: CurrentBounds;
  /** How many values there are. */
  readonly count: number;
  /** The cost of their events, in bytes. */
  readonly bytes: number;
  /** How many values have gone because a bound was passed. */
  readonly dropped: number;
  /** The values after a position, up to another one, oldest first: those of `limit` events at most. */
  read(after: number, upTo: number, limit: number): CurrentStretch;
  /** The position of the value with this id, or at this place. */
  locate(id: string, isMeant: (entry: Entry) => boolean): number | undefined;
  /** The value of a type on a topic (undefined: on no topic). */
  get(type: string, topic: string | undefined): Entry | undefined;
}

/** An event that is current on some of its topics. None are left when it is current no more. */
interface Held {
  readonly entry: Entry;
  /** `""` stands for no topic. */
  readonly topics: Set<string>;
}

/** Slots of values that have gone are given back when they are as many as this, and half of all. */
const COMPACT_AT = 1024;

/**
 * The newest event that was published with `retain` for each topic and type, in memory. They are in the order
 * of their positions, so a reader that has had some of them goes on at a position: what has been replaced
 * since then comes later in the log.
 */
export class CurrentValues implements CurrentReader {
  readonly bounds: CurrentBounds;
  count = 0;
  bytes = 0;
  dropped = 0;
  readonly #byKey = new Map<string, Held>();
  #inOrder: Held[] = [];
  /** How many of those have gone. */
  #gone = 0;
  /** Where the first stands that has not gone. The oldest go first, so most that have gone stand before it. */
  #first = 0;

  constructor(bounds: Partial<CurrentBounds> = {}) {
    this.bounds = { ...DEFAULT_CURRENT_BOUNDS, ...bounds };
  }

  /**
   * Takes events that have been kept, with positions after those before.
   *
   * @returns what has changed, each with the topics that it is left with, or undefined: it has gone
   */
  keep(entries: readonly Entry[]): Changes {
    const changes: Changes = new Map();
    for (const entry of entries) {
      if (entry.retain && !entry.erased) this.#set(entry, topicsOf(entry), changes);
    }
    this.#dropPast(changes);
    return changes;
  }

  /** Begins with these, oldest first, and forgets all others. */
  load(values: readonly CurrentValue[]): Changes {
    const changes: Changes = new Map();
    this.#byKey.clear();
    this.#inOrder = [];
    this.#gone = this.#first = this.count = this.bytes = 0;
    for (const { entry, topics } of values) this.#set(entry, topics.length > 0 ? topics : [""], changes);
    changes.clear();
    this.#dropPast(changes);
    return changes;
  }

  /** The topic (undefined: none) has no current value of this type any more. No change when it had none. */
  clear(type: string, topic: string | undefined): Changes {
    const changes: Changes = new Map();
    this.#unset(keyOf(type, topic ?? ""), topic ?? "", changes);
    this.#compact();
    return changes;
  }

  /** The event at this position is nowhere current any more. */
  erase(position: number): Changes {
    const changes: Changes = new Map();
    const held = this.#inOrder[this.#indexAfter(position - 1)];
    if (held?.entry.position === position) this.#drop(held, changes);
    this.#compact();
    return changes;
  }

  /** The events before the position are nowhere current any more. */
  dropBefore(position: number): void {
    const changes: Changes = new Map();
    for (let held = this.#oldest(); held && held.entry.position < position; held = this.#oldest()) {
      this.#drop(held, changes);
    }
    this.#compact();
  }

  /** All values, oldest first. */
  all(): readonly CurrentValue[] {
    return this.read(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).values;
  }

  read(after: number, upTo: number, limit: number): CurrentStretch {
    const values: CurrentValue[] = [];
    for (let i = this.#indexAfter(after); i < this.#inOrder.length; i++) {
      const { entry, topics } = this.#inOrder[i] as Held;
      if (entry.position > upTo) break;
      if (topics.size === 0) continue;
      values.push(currentValue(entry, topics));
      if (values.length === limit) return { values, upTo: entry.position };
    }
    return { values, upTo };
  }

  locate(id: string, isMeant: (entry: Entry) => boolean): number | undefined {
    const found = this.#inOrder.find(
      ({ entry, topics }) => topics.size > 0 && entry.id === id && isMeant(entry),
    );
    return found?.entry.position;
  }

  get(type: string, topic: string | undefined): Entry | undefined {
    return this.#byKey.get(keyOf(type, topic ?? ""))?.entry;
  }

  #set(entry: Entry, topics: readonly string[], changes: Changes): void {
    const held: Held = { entry, topics: new Set() };
    for (const topic of topics) {
      const key = keyOf(entry.type ?? DEFAULT_TYPE, topic);
      this.#unset(key, topic, changes);
      this.#byKey.set(key, held);
      held.topics.add(topic);
    }
    this.#inOrder.push(held);
    this.count += held.topics.size;
    this.bytes += sizeInMemory(entry);
    changes.set(entry.position, currentValue(entry, held.topics));
    this.#compact();
  }

  #unset(key: string, topic: string, changes: Changes): void {
    const held = this.#byKey.get(key);
    if (!held?.topics.delete(topic)) return;
    this.#byKey.delete(key);
    this.count--;
    const { entry, topics } = held;
    if (topics.size > 0) {
      changes.set(entry.position, currentValue(entry, topics));
      return;
    }
    changes.set(entry.position, undefined);
    this.bytes -= sizeInMemory(entry);
    this.#gone++;
  }

  #drop({ entry, topics }: Held, changes: Changes): void {
    for (const topic of [...topics]) this.#unset(keyOf(entry.type ?? DEFAULT_TYPE, topic), topic, changes);
  }

  #dropPast(changes: Changes): void {
    const { values, bytes } = this.bounds;
    while (this.count > values || this.bytes > bytes) {
      const held = this.#oldest();
      if (!held) break;
      this.dropped += held.topics.size;
      this.#drop(held, changes);
    }
    this.#compact();
  }

  /** The oldest that has not gone. */
  #oldest(): Held | undefined {
    while (this.#inOrder[this.#first]?.topics.size === 0) this.#first++;
    return this.#inOrder[this.#first];
  }

  #compact(): void {
    if (this.#gone < COMPACT_AT || this.#gone * 2 < this.#inOrder.length) return;
    this.#inOrder = this.#inOrder.filter(({ topics }) => topics.size > 0);
    this.#gone = this.#first = 0;
  }

  /** Where the first event after the position stands. */
  #indexAfter(position: number): number {
    let low = this.#first;
    let high = this.#inOrder.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#inOrder[middle] as Held).entry.position <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What has changed, by position; undefined: the event is current no more. */
export type Changes = Map<number, CurrentValue | undefined>;

function topicsOf({ topics }: Entry): readonly string[] {
  return topics.length > 0 ? [...new Set(topics)] : [""];
}

function currentValue(entry: Entry, topics: ReadonlySet<string>): CurrentValue {
  return { entry, topics: topics.has("") ? [] : [...topics] };
}

/** Types and topics have no line ends. */
function keyOf(type: string, topic: string): string {
  return `${type}\n${topic}`;
}
