import type { Entry } from "../log/entry.ts";

/** Deliveries with fewer writes than this are not coalesced: the wait would cost more than it saves. */
const MIN_WRITES = 32;
/** The longest wait, and the longest wait for one more event, as parts of the time of the delivery before… */
const WAIT_RATIO = 1 / 2;
const NEXT_WAIT_RATIO = 1 / 4;
/** …and their bounds, in ms. */
const MAX_WAIT_MS = 10;
const MAX_WAIT_FOR_NEXT_MS = 0.5;
/** This much data is written without a wait, in characters: a large write costs by its size. */
const MAX_LENGTH = 8 * 1024;

/** Delivers events, the oldest of them published at `since`. Returns the number of writes. */
export type Deliver = (entries: readonly Entry[], since: number) => number;

/**
 * Decides when events are delivered: at once, or together with events that follow closely on a large
 * delivery. A write to thousands of clients takes milliseconds, for one event as for thirty. So events
 * in quick succession share one write, and the wait is short beside the time that it saves.
 */
export class WriteCoalescer {
  readonly #deliver: Deliver;
  readonly #now: () => number;
  #entries: Entry[] = [];
  #length = 0;
  /** When the oldest waiting event was published. */
  #since = 0;
  #newestCameAt = 0;
  #waitUntil = 0;
  #waitForNext = 0;

  /** @param now the clock, in milliseconds */
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

  /** Delivers the events that wait. */
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
    // The runtime sends the bytes when this turn of the event loop ends, so the time includes that.
    setImmediate(() => {
      const now = this.#now();
      const took = now - startedAt;
      this.#waitUntil = now + Math.min(took * WAIT_RATIO, MAX_WAIT_MS);
      this.#waitForNext = Math.min(took * NEXT_WAIT_RATIO, MAX_WAIT_FOR_NEXT_MS);
    });
  }

  /** Runs once a turn while events wait. A timer would be too coarse: it counts whole milliseconds. */
  readonly #look = (): void => {
    if (this.#entries.length === 0) return;
    const now = this.#now();
    if (now >= this.#waitUntil || now - this.#newestCameAt >= this.#waitForNext) this.flush();
    else setImmediate(this.#look);
  };
}
