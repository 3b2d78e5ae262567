import { Deduplication, IdConflict, type Source } from "./deduplication.ts";
import type { Draft, Entry } from "./entry.ts";
import { Histogram } from "./histogram.ts";
import { type Awaitable, type Store, StoreFailure } from "./store.ts";

/** One published event as its publisher hears of it. */
export interface Receipt {
  readonly entry: Entry;
  /** It had been published before, and was not delivered again. */
  readonly duplicate: boolean;
}

/** In seconds. */
const APPEND_TIMES = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** What the log asks and tells the one who delivers. */
export interface LogListener {
  /** How many clients the event is for at this moment. */
  recipients(draft: Draft): number;
  /**
   * Takes what has just been kept, at once and in order, before its publishers are answered. The
   * oldest of it was appended at `since`, on the clock of `performance.now()`.
   */
  handOn(entries: readonly Entry[], since: number): void;
  /** The store has begun to fail; without a failure, it works again. */
  storeChanged(failure: StoreFailure | undefined): void;
}

interface Group {
  readonly drafts: readonly Draft[];
  readonly resolve: (receipts: readonly Receipt[]) => void;
  readonly reject: (reason: unknown) => void;
}

/** How often old events are looked for, and whether a store that fails works again, in ms. */
const UPKEEP = 1000;

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
  readonly #listener: LogListener;
  #waiting: Group[] = [];
  /** When the first of those was appended, on the clock of `performance.now()`. */
  #waitingSince = 0;
  #busy = false;
  #failures = 0;
  #failure: StoreFailure | undefined;
  #upkeep: ReturnType<typeof setInterval> | undefined;

  constructor(store: Store, listener: LogListener) {
    this.store = store;
    this.#head = store.head;
    this.#listener = listener;
    if (store.bounds.age < Number.POSITIVE_INFINITY) this.#startUpkeep();
  }

  get head(): number {
    return this.#head;
  }

  /** How often the store has failed. */
  get failures(): number {
    return this.#failures;
  }

  /** The oldest event that readers can still have. */
  get earliest(): Pick<Entry, "position" | "id"> | undefined {
    const { earliest } = this.store;
    return earliest && earliest.position <= this.#head ? earliest : undefined;
  }

  /** Whether the store keeps nothing at present. */
  get failing(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Keeps all of the events or none.
   *
   * @throws IdConflict when an id is already used for a different event; StoreFailure.
   */
  append(drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ drafts, resolve, reject }) === 1) this.#waitingSince = performance.now();
      if (this.#busy) return;
      this.#busy = true;
      setImmediate(() => void this.#commitWaiting());
    });
  }

  /**
   * The event with this id, if it was handed on and is still held.
   *
   * @throws StoreFailure
   */
  async find(id: string): Promise<Entry | undefined> {
    const entry = await ask(() => this.store.find(id));
    return entry && entry.position <= this.#head ? entry : undefined;
  }

  /**
   * The next handed-on events after the position, oldest first: at least one if any, `limit` at most.
   *
   * @throws StoreFailure
   */
  read(after: number, limit: number): Awaitable<readonly Entry[]> {
    if (after >= this.#head) return [];
    return ask(() => this.store.read(after, Math.min(limit, this.#head - after)));
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
    this.#stopUpkeep();
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
      const plan = new Deduplication(this.store);
      const accepted: { group: Group; sources: readonly Source[] }[] = [];
      for (const group of groups) {
        const planned = plan.add(group.drafts);
        const sources = planned instanceof Promise ? await planned : planned;
        if (sources instanceof IdConflict) group.reject(sources);
        else accepted.push({ group, sources });
      }
      const appended = await this.#keep(plan.fresh);
      this.#changed(undefined);
      const last = appended.at(-1);
      if (last) {
        this.#head = last.position;
        this.#listener.handOn(appended, since);
      }
      for (const { group, sources } of accepted) group.resolve(receipts(sources, appended));
    } catch (cause) {
      const failure = new StoreFailure(cause);
      this.#failures++;
      for (const group of groups) group.reject(failure);
      this.#changed(failure);
    }
  }

  async #keep(drafts: readonly Draft[]): Promise<readonly Entry[]> {
    if (drafts.length === 0) {
      await this.store.trim();
      return [];
    }
    const recipients = drafts.map((draft) => this.#listener.recipients(draft));
    const startedAt = performance.now();
    const entries = await this.store.append(drafts, recipients);
    this.appendTimes.add((performance.now() - startedAt) / 1000);
    return entries;
  }

  #changed(failure: StoreFailure | undefined): void {
    const before = this.#failure;
    this.#failure = failure;
    if (!failure === !before) return;
    this.#listener.storeChanged(failure);
    if (failure) this.#startUpkeep();
    else if (this.store.bounds.age === Number.POSITIVE_INFINITY) this.#stopUpkeep();
  }

  #startUpkeep(): void {
    // Appending nothing trims, and after a failure tries the store.
    this.#upkeep ??= setInterval(() => void this.append([]).catch(() => {}), UPKEEP).unref();
  }

  #stopUpkeep(): void {
    clearInterval(this.#upkeep);
    this.#upkeep = undefined;
  }
}

/** What the store answers, or its failure. */
function ask<T>(question: () => Awaitable<T>): Awaitable<T> {
  const fail = (cause: unknown): never => {
    throw new StoreFailure(cause);
  };
  try {
    const answer = question();
    return answer instanceof Promise ? answer.catch(fail) : answer;
  } catch (cause) {
    return fail(cause);
  }
}

function receipts(sources: readonly Source[], appended: readonly Entry[]): Receipt[] {
  return sources.map((source) => {
    if ("held" in source) return { entry: source.held, duplicate: true };
    const entry = appended[source.fresh];
    if (!entry) throw new Error("the store returned fewer events than it was given");
    return { entry, duplicate: source.again };
  });
}
