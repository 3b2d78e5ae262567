import { Histogram } from "../histogram.ts";
import type { Draft, Entry } from "./entry.ts";
import { IdConflict, type Place, Plan } from "./plan.ts";
import type { Store } from "./store.ts";

/** One published event as its publisher hears of it. */
export interface Receipt {
  readonly entry: Entry;
  /** It had been published before, and was not delivered again. */
  readonly duplicate: boolean;
}

/** In seconds. */
const APPEND_TIMES = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
/** A store that failed counts as failing for so long, in ms, unless it is seen to work before. */
const FAILING_FOR = 10_000;

/**
 * Takes what has just been kept. The oldest of it was appended at `since`, on the clock of
 * `performance.now()`.
 */
export type HandOn = (entries: readonly Entry[], since: number) => void;

interface Group {
  readonly drafts: readonly Draft[];
  readonly resolve: (receipts: readonly Receipt[]) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The order of all events, and the only truth about them. Publishing appends to it; delivering,
 * replaying and catching up read from it.
 *
 * All that is appended within one turn of the event loop is kept together, then handed on
 * together, then answered.
 */
export class Log {
  readonly store: Store;
  /** The position of the newest event that was handed on; readers see nothing after it. */
  #head: number;
  /** How long the store took to keep a turn's events, in seconds. */
  readonly appendTimes = new Histogram(APPEND_TIMES);
  readonly #handOn: HandOn;
  #waiting: Group[] = [];
  /** When the first of those was appended, on the clock of `performance.now()`. */
  #waitingSince = 0;
  #busy = false;
  #failures = 0;
  #failedAt: number | undefined;

  /** `handOn` is called with what has just been kept, at once and in order, before it is answered. */
  constructor(store: Store, handOn: HandOn) {
    this.store = store;
    this.#head = store.head;
    this.#handOn = handOn;
  }

  get head(): number {
    return this.#head;
  }

  /** How often the store has failed to keep events. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether the store failed lately, and has kept nothing since. */
  get failing(): boolean {
    return this.#failedAt !== undefined && performance.now() - this.#failedAt < FAILING_FOR;
  }

  /**
   * Keeps all of the events or none.
   *
   * @throws IdConflict when an id is already used for a different event; whatever the store throws.
   */
  append(drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ drafts, resolve, reject }) === 1) this.#waitingSince = performance.now();
      if (this.#busy) return;
      this.#busy = true;
      setImmediate(() => void this.#commitWaiting());
    });
  }

  /** Up to `limit` handed-on events after the position, oldest first. */
  async read(after: number, limit: number): Promise<readonly Entry[]> {
    if (after >= this.#head) return [];
    return this.store.read(after, Math.min(limit, this.#head - after));
  }

  /** Whether something is being appended. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Resolves when all that was given to `append` is kept or refused. */
  async settled(): Promise<void> {
    // An empty group is answered after the ones before it.
    if (this.#busy) await this.append([]).catch(() => {});
  }

  /** Waits for what is being appended, then closes the store. */
  async close(): Promise<void> {
    await this.settled();
    await this.store.close();
  }

  async #commitWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const groups = this.#waiting;
      this.#waiting = [];
      await this.#commit(groups, this.#waitingSince);
    }
    this.#busy = false;
  }

  async #commit(groups: readonly Group[], since: number): Promise<void> {
    try {
      const plan = new Plan(this.store);
      const accepted: { group: Group; places: readonly Place[] }[] = [];
      for (const group of groups) {
        const places = await plan.add(group.drafts);
        if (places instanceof IdConflict) group.reject(places);
        else accepted.push({ group, places });
      }
      const appended = plan.fresh.length > 0 ? await this.#keep(plan.fresh) : [];
      const last = appended.at(-1);
      if (last) {
        this.#head = last.position;
        this.#handOn(appended, since);
      }
      for (const { group, places } of accepted) group.resolve(receipts(places, appended));
    } catch (error) {
      this.#failures++;
      this.#failedAt = performance.now();
      for (const group of groups) group.reject(error);
    }
  }

  async #keep(drafts: readonly Draft[]): Promise<readonly Entry[]> {
    const startedAt = performance.now();
    const entries = await this.store.append(drafts);
    this.appendTimes.add((performance.now() - startedAt) / 1000);
    this.#failedAt = undefined;
    return entries;
  }
}

function receipts(places: readonly Place[], appended: readonly Entry[]): Receipt[] {
  return places.map((place) => {
    if ("held" in place) return { entry: place.held, duplicate: true };
    const entry = appended[place.fresh];
    if (!entry) throw new Error("the store returned fewer events than it was given");
    return { entry, duplicate: place.again };
  });
}
