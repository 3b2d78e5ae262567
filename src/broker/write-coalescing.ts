import type { Entry } from "../log/entry.ts";

/** With fewer writes than this it does not pay to wait for events to share them. */
const MIN_WRITES = 32;
/** How long more events are waited for, and the next of them, as parts of what the delivery before took… */
const WAIT_RATIO = 1 / 2;
const NEXT_WAIT_RATIO = 1 / 4;
/** …and at most, in ms. */
const MAX_WAIT_MS = 10;
const MAX_WAIT_FOR_NEXT_MS = 0.5;
/** As much data is kept from nobody, in characters: a larger write costs for its size, not for being one. */
const MAX_LENGTH = 8 * 1024;

/** Delivers what has gathered, whose oldest was published at `since`; answers how many writes that took. */
export type Deliver = (entries: readonly Entry[], since: number) => number;

/**
 * Says when what was handed on is delivered: at once, unless it follows closely on a large
 * delivery. Writing to thousands of clients takes milliseconds, for one event as for thirty. So
 * what publishers then bring in quick succession is delivered together, and the wait for it is
 * short beside what it saves.
 */
export class WriteCoalescer {
  readonly #deliver: Deliver;
  readonly #now: () => number;
  #entries: Entry[] = [];
  #length = 0;
  /** When the oldest of them was published. */
  #since = 0;
  #newestCameAt = 0;
  #waitUntil = 0;
  #waitForNext = 0;

  /** All times are by `now`, in ms. */
  constructor(deliver: Deliver, now: () => number) {
    this.#deliver = deliver;
    this.#now = now;
  }

  add(entries: readonly Entry[], since: number): void {
    this.#newestCameAt = this.#now();
    const isFirst = this.#entries.length === 0;
    if (isFirst && this.#newestCameAt >= this.#waitUntil) {
      this.#deliverNow(entries, since);
      return;
    }
    if (isFirst) this.#since = since;
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#length += entry.json.length;
    }
    if (this.#length >= MAX_LENGTH) this.flush();
    else if (isFirst) setImmediate(this.#look);
  }

  /** Delivers what has gathered, if anything has. */
  flush(): void {
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    this.#length = 0;
    this.#deliverNow(entries, this.#since);
  }

  #deliverNow(entries: readonly Entry[], since: number): void {
    const startedAt = this.#now();
    const writes = this.#deliver(entries, since);
    if (writes < MIN_WRITES) return;
    // The runtime sends what was written when this turn of the event loop ends.
    setImmediate(() => {
      const now = this.#now();
      const took = now - startedAt;
      this.#waitUntil = now + Math.min(took * WAIT_RATIO, MAX_WAIT_MS);
      this.#waitForNext = Math.min(took * NEXT_WAIT_RATIO, MAX_WAIT_FOR_NEXT_MS);
    });
  }

  /** Once a turn while something has gathered: timers know whole milliseconds only. */
  readonly #look = (): void => {
    if (this.#entries.length === 0) return;
    const now = this.#now();
    if (now >= this.#waitUntil || now - this.#newestCameAt >= this.#waitForNext) this.flush();
    else setImmediate(this.#look);
  };
}
