import type { Draft, Entry } from "./entry.ts";
import { IdConflict, type Place, Plan } from "./plan.ts";
import type { Store } from "./store.ts";

/** One published event as its publisher hears of it. */
export interface Receipt {
  readonly entry: Entry;
  /** It had been published before, and was not delivered again. */
  readonly duplicate: boolean;
}

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
  readonly #handOn: (entries: readonly Entry[]) => void;
  #waiting: Group[] = [];
  #busy = false;

  /** `handOn` is called with what has just been kept, at once and in order, before it is answered. */
  constructor(store: Store, handOn: (entries: readonly Entry[]) => void) {
    this.store = store;
    this.#head = store.head;
    this.#handOn = handOn;
  }

  get head(): number {
    return this.#head;
  }

  /**
   * Keeps all of the events or none.
   *
   * @throws IdConflict when an id is already used for a different event; whatever the store throws.
   */
  append(drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ drafts, resolve, reject });
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
      await this.#commit(groups);
    }
    this.#busy = false;
  }

  async #commit(groups: readonly Group[]): Promise<void> {
    try {
      const plan = new Plan(this.store);
      const accepted: { group: Group; places: readonly Place[] }[] = [];
      for (const group of groups) {
        const places = await plan.add(group.drafts);
        if (places instanceof IdConflict) group.reject(places);
        else accepted.push({ group, places });
      }
      const appended = plan.fresh.length > 0 ? await this.store.append(plan.fresh) : [];
      const last = appended.at(-1);
      if (last) {
        this.#head = last.position;
        this.#handOn(appended);
      }
      for (const { group, places } of accepted) group.resolve(receipts(places, appended));
    } catch (error) {
      for (const group of groups) group.reject(error);
    }
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
