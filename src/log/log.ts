import { newWord, parsePlace } from "../protocol/place.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Draft, Entry } from "./entry.ts";
import { Histogram } from "./histogram.ts";
import { type Life, Lives } from "./lives.ts";
import {
  type Awaitable,
  type Follower,
  isRefusal,
  type LogStart,
  type MayRead,
  OutcomeUnknown,
  type Receipt,
  type Refusal,
  type Store,
  StoreFailure,
  type Stretch,
} from "./store.ts";

/** In seconds. */
const APPEND_TIMES = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** Events that were delivered, and that the store has lost. */
export interface Lost {
  /** The position of the newest of them. */
  readonly end: number;
  /** The place that a position had before. */
  place(position: number): string;
}

/** What came of a time in which the store failed. */
export interface Outage {
  /** How many publishes were refused; a batch is one. */
  readonly refused: number;
  /** How long it took, in milliseconds. */
  readonly forMs: number;
}

/** What the log asks and tells the one who delivers. */
export interface LogListener {
  /** How many clients the event is for at this moment. */
  recipients(draft: Draft): number;
  /** What {@link LogListener.recipients} was asked about is told in a later turn, from elsewhere perhaps. */
  toldLater?(): void;
  /**
   * Takes what has just been kept, at once and in order, before its publishers are answered. The
   * oldest of it was appended at `since`, on the log's clock.
   */
  deliver(entries: readonly Entry[], since: number): void;
  /** What came after this position is missing up to what is delivered next. */
  missed(after: number): void;
  /** What was delivered after this position is not kept after all. */
  rolledBack(to: number, lost: Lost): void;
  /** The data of the event at this position is erased. */
  erased?(position: number): void;
  /** A current value is cleared, after what was delivered. */
  cleared?(type: string, topic: string | undefined): void;
  /** The store has begun to fail. */
  storeFails(failure: StoreFailure): void;
  /** The store works again. */
  storeWorks(outage: Outage): void;
  /** The store has something to tell whoever runs the hub, in one line. */
  storeWarned(message: string): void;
  /** The same, where nothing is wrong. */
  storeNoted(message: string): void;
}

/** What one publisher gave at one time. */
interface Group {
  readonly drafts: readonly Draft[];
  /** What is done between appends instead. */
  readonly work?: () => Awaitable<void>;
  readonly resolve: (receipts: readonly Receipt[]) => void;
  readonly reject: (reason: unknown) => void;
}

/** An answer that waits until the head has reached its events. */
interface Answer {
  readonly group: Group;
  readonly receipts: readonly Receipt[];
  readonly position: number;
}

/** For how many turns of the event loop an append waits for more publishers at most, when others wait already. */
const GATHERING_TURNS = 4;
/** How often old events are looked for, and whether the store is in order, in ms. */
const UPKEEP_INTERVAL_MS = 1000;

/**
 * The order of all events, and the only truth about them. Publishing appends to it; delivering,
 * replaying and catching up read from it.
 *
 * All that is appended within one turn of the event loop is kept together, then delivered together,
 * then answered. What has been kept is heard from the store alone, which may be shared with others.
 */
export class Log {
  readonly store: Store;
  /** How long the store took to keep a turn's events, in seconds. */
  readonly appendTimes = new Histogram(APPEND_TIMES);
  readonly #listener: LogListener;
  readonly #clock: Clock;
  #started = false;
  #starting: Promise<void> | undefined;
  #head = 0;
  #lives = new Lives([{ word: newWord(), first: 1 }]);
  #waiting: Group[] = [];
  /** When the first of those was appended, on the log's clock. */
  #waitingSince = 0;
  /** When the oldest of what the store is keeping was appended. */
  #keepingSince: number | undefined;
  /** Kept by a store that has yet to tell of it. */
  #untold: Answer[] = [];
  /** How long deliveries took since the store was last asked to append, in ms. */
  #delivering = 0;
  #busy = false;
  #failures = 0;
  #isClosed = false;
  #lost = 0;
  #failure: StoreFailure | undefined;
  /** When the store began to fail, on the log's clock, and how many publishes were refused since. */
  #failingSince = 0;
  #refused = 0;
  #upkeep: ReturnType<typeof setInterval> | undefined;

  constructor(store: Store, listener: LogListener, clock: Clock = systemClock) {
    this.store = store;
    this.#listener = listener;
    this.#clock = clock;
    const started = this.#start();
    if (started instanceof Promise) this.#starting = started.finally(() => (this.#starting = undefined));
    this.#upkeepAsNeeded();
  }

  /** Whether the store has said where the log stands. Until then there is nothing to read. */
  get started(): boolean {
    return this.#started;
  }

  /** @throws StoreFailure when the store has not said yet where the log stands. */
  assertStarted(): void {
    if (this.#started) return;
    throw this.#failure ?? new StoreFailure(new Error("it has not said yet where the log stands"));
  }

  /** The position of the newest event that was delivered; readers see nothing after it. */
  get head(): number {
    return this.#head;
  }

  /** A cursor for this position: a place, which discloses no publisher's id. */
  place(position: number): string {
    return this.#lives.placeOf(position);
  }

  /** The lives that are known, oldest first. */
  get lives(): readonly Life[] {
    return this.#lives.all;
  }

  /** Whether there are current values, which new readers are sent first. */
  get hasCurrent(): boolean {
    return (this.store.current?.count ?? 0) > 0;
  }

  /**
   * Clears a current value, after what is being appended. False if there was none.
   *
   * @param topic undefined: the value of the type on no topic
   * @throws StoreFailure
   */
  async clearCurrent(type: string, topic: string | undefined): Promise<boolean> {
    let isCleared = false;
    const work = async () => {
      isCleared = (await this.store.clearCurrent?.(type, topic)) ?? false;
    };
    await new Promise((resolve, reject) => this.#enqueue({ drafts: [], work, resolve, reject }));
    return isCleared;
  }

  /**
   * Opens a topic that has ended, after what is being appended. False if it had not.
   *
   * @throws StoreFailure
   */
  async openTopic(topic: string): Promise<boolean> {
    let isOpened = false;
    const work = async () => {
      isOpened = (await this.store.openTopic?.(topic)) ?? false;
    };
    await new Promise((resolve, reject) => this.#enqueue({ drafts: [], work, resolve, reject }));
    return isOpened;
  }

  /** The position of a place, whether or not it is still held; undefined for any other text. */
  positionOf(cursor: string): number | undefined {
    const place = parsePlace(cursor);
    return place && this.#lives.positionOf(place, this.#head);
  }

  /** The position of the oldest event that readers can still have. */
  get earliest(): number | undefined {
    const { earliest } = this.store;
    return earliest !== undefined && earliest <= this.#head ? earliest : undefined;
  }

  /** How many events were delivered, and then lost by the store. */
  get lost(): number {
    return this.#lost;
  }

  /** How often the store has failed. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether the store keeps nothing at present. */
  get failing(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Keeps all of the events or none. Resolves when they have been delivered, and {@link read} has them.
   *
   * @throws IdConflict when an id is already used for a different event; TopicEnded; StoreFailure.
   */
  append(drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    return new Promise((resolve, reject) => this.#enqueue({ drafts, resolve, reject }));
  }

  /**
   * Erases the data of the event at a position. Its place stays, and readers are sent nothing for it.
   * False if it is not held, or the store can't erase.
   *
   * @throws StoreFailure
   */
  async erase(position: number): Promise<boolean> {
    let isErased = false;
    const place = this.place(position);
    const work = async () => {
      // The store may have lost the event since, and have another one there.
      if (this.place(position) !== place) return;
      isErased = (await this.store.erase?.(position)) ?? false;
    };
    await new Promise((resolve, reject) => this.#enqueue({ drafts: [], work, resolve, reject }));
    return isErased;
  }

  #enqueue(group: Group): void {
    if (this.#waiting.push(group) === 1) this.#waitingSince = this.#clock.now();
    if (this.#busy) return;
    this.#busy = true;
    setImmediate(() => void this.#commitWaiting());
  }

  /**
   * The position of a cursor: an event's id, or a place. Undefined when it is not known, or events
   * after it are gone.
   *
   * @throws StoreFailure
   */
  async locate(cursor: string, mayRead: MayRead): Promise<number | undefined> {
    await this.#starting;
    const position = await ask(() => this.store.locate(cursor, mayRead));
    return position !== undefined && position <= this.#head ? position : undefined;
  }

  /**
   * The next delivered events after the position, oldest first, `limit` at most.
   *
   * @param topics a hint, as for {@link Store.read}.
   * @throws StoreFailure
   */
  read(after: number, limit: number, topics?: readonly string[]): Awaitable<Stretch> {
    if (after >= this.#head) return { entries: [], upTo: after };
    const stretch = ask(() => this.store.read(after, Math.min(limit, this.#head - after), topics));
    return stretch instanceof Promise
      ? stretch.then((stretch) => this.#delivered(stretch))
      : this.#delivered(stretch);
  }

  /** Whether something is being appended. */
  get busy(): boolean {
    return this.#busy || this.#untold.length > 0;
  }

  /** Resolves when all that was given to `append` is kept or refused. */
  async settled(): Promise<void> {
    // An empty group is answered after the ones before it.
    if (this.busy) await this.append([]).catch(() => {});
  }

  /** Waits for what is being appended, then closes the store. */
  async close(): Promise<void> {
    this.#stopUpkeep();
    this.#isClosed = true;
    // One that has not begun to tell yet may wait for something that is away.
    if (!this.#starting) await this.settled();
    await this.store.close();
    await this.#starting;
    this.#stopUpkeep();
  }

  readonly #follower: Follower = {
    kept: (entries) => this.#kept(entries),
    rolledBack: (to) => this.#rolledBack(to),
    erased: (position) => this.#listener.erased?.(position),
    cleared: (type, topic) => this.#listener.cleared?.(type, topic),
    failed: (error) => this.#fail(error),
    works: () => this.#changed(undefined),
    warned: (message) => this.#listener.storeWarned(message),
    noted: (message) => this.#listener.storeNoted(message),
  };

  #start(): Awaitable<void> {
    const begin = ({ head, lives }: LogStart): void => {
      this.#head = head;
      this.#lives = new Lives(lives);
      this.#started = true;
    };
    try {
      const start = this.store.follow(this.#follower);
      return start instanceof Promise
        ? start.then(begin).catch((error) => {
            // What was closed before it had begun has not failed.
            if (!this.#isClosed) this.#fail(error);
          })
        : begin(start);
    } catch (error) {
      this.#fail(error);
    }
  }

  #kept(entries: readonly Entry[]): void {
    const [first] = entries;
    const last = entries.at(-1);
    if (!first || !last) return;
    const startedAt = this.#clock.now();
    for (const { word, position } of entries) {
      if (word !== this.#lives.word) this.#lives.begin({ word, first: position });
    }
    const before = this.#head;
    this.#head = last.position;
    if (first.position > before + 1) this.#listener.missed(before);
    this.#listener.deliver(entries, this.#keepingSince ?? startedAt);
    this.#delivering += this.#clock.now() - startedAt;
    if (this.#untold.length > 0) this.#answerTold();
  }

  #answerTold(): void {
    const answers = this.#untold;
    this.#untold = [];
    for (const { group, receipts, position } of answers) this.#answer(group, receipts, position);
  }

  /** Answers a publisher, now or when the store has told of its events: it can read what it wrote. */
  #answer(group: Group, receipts: readonly Receipt[], position: number): void {
    if (position > this.#head) this.#untold.push({ group, receipts, position });
    else group.resolve(receipts);
  }

  #rolledBack(to: number): void {
    if (to < this.#head) {
      this.#lost += this.#head - to;
      const lives = new Lives(this.#lives.all);
      const lost = { end: this.#head, place: (position: number) => lives.placeOf(position) };
      this.#head = to;
      this.#lives.cutAfter(to);
      this.#listener.rolledBack(to, lost);
    }
    const answers = this.#untold;
    this.#untold = [];
    const failure = new StoreFailure(new OutcomeUnknown("the events were rolled back"));
    for (const { group } of answers) group.reject(failure);
  }

  /** A store may know of more: what comes after the head, and what is missing there, is told when it is delivered. */
  #delivered({ entries, upTo, missing }: Stretch): Stretch {
    const head = this.#head;
    if (upTo <= head) return { entries, upTo, missing };
    return {
      entries: entries.filter(({ position }) => position <= head),
      upTo: head,
      missing: missing && missing.from <= head ? { ...missing, to: Math.min(missing.to, head) } : undefined,
    };
  }

  async #commitWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const groups = this.#waiting;
      this.#waiting = [];
      this.#keepingSince = this.#waitingSince;
      await this.#commit(groups);
      this.#keepingSince = undefined;
      if (this.#waiting.length > 0) await this.#gather(groups.length);
    }
    this.#busy = false;
  }

  /**
   * Lets publishers join those who wait: who was just answered is likely to publish again at once. Else they
   * would stay two groups, each of which waits while the other is kept.
   *
   * @param answered how many groups were just answered.
   */
  async #gather(answered: number): Promise<void> {
    const all = answered + this.#waiting.length;
    let before = 0;
    for (let turn = 1; turn <= GATHERING_TURNS && this.#waiting.length < all; turn++) {
      // The first turn writes the answers, so it brings nothing.
      if (turn > 2 && this.#waiting.length === before) return;
      before = this.#waiting.length;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async #commit(groups: readonly Group[]): Promise<void> {
    try {
      if (!this.#started) await (this.#starting ?? this.#start());
      if (!this.#started) throw this.#failure?.cause;
      // Its turn comes however much is published: a store that keeps nothing may work again by it.
      const isTried = groups.some(isUpkeep);
      if (isTried) await this.store.trim();
      const kept = groups.filter(({ drafts }) => drafts.length > 0);
      const answers = await this.#keep(kept);
      // A store that was asked for nothing has not shown that it works, nor has one that tells what others have kept.
      if (isTried || kept.length > 0) this.#changed(undefined);
      for (const [i, group] of kept.entries()) {
        const receipts = answers[i] ?? [];
        if (isRefusal(receipts)) group.reject(receipts);
        else this.#answer(group, receipts, lastPosition(receipts));
      }
      for (const group of groups) if (group.drafts.length === 0) await this.#finish(group);
    } catch (cause) {
      const failure = this.#fail(cause);
      for (const group of groups) {
        if (group.drafts.length > 0) this.#refused++;
        group.reject(failure);
      }
    }
  }

  /** Does the work of a group that appends nothing, and answers it. What fails there fails for nobody else. */
  async #finish(group: Group): Promise<void> {
    try {
      if (group.work) await group.work();
      this.#answer(group, [], this.#lastUntold);
    } catch (cause) {
      group.reject(this.#fail(cause));
    }
  }

  /** The position of the newest event whose publisher waits for it. */
  get #lastUntold(): number {
    return this.#untold.reduce((last, { position }) => Math.max(last, position), 0);
  }

  async #keep(groups: readonly Group[]): Promise<readonly (readonly Receipt[] | Refusal)[]> {
    if (groups.length === 0) return [];
    const batches = groups.map(({ drafts }) => ({
      drafts,
      recipients: drafts.map((draft) => this.#listener.recipients(draft)),
    }));
    this.#delivering = 0;
    const startedAt = this.#clock.now();
    const answer = this.store.append(batches);
    if (answer instanceof Promise) this.#listener.toldLater?.();
    const answers = answer instanceof Promise ? await answer : answer;
    this.appendTimes.add((this.#clock.now() - startedAt - this.#delivering) / 1000);
    return answers;
  }

  #fail(cause: unknown): StoreFailure {
    const failure = new StoreFailure(cause);
    this.#failures++;
    this.#changed(failure);
    return failure;
  }

  #changed(failure: StoreFailure | undefined): void {
    const before = this.#failure;
    this.#failure = failure;
    if (!failure === !before) return;
    if (failure) {
      this.#failingSince = this.#clock.now();
      this.#refused = 0;
      this.#listener.storeFails(failure);
    } else {
      const forMs = Math.round(this.#clock.now() - this.#failingSince);
      this.#listener.storeWorks({ refused: this.#refused, forMs });
    }
    this.#upkeepAsNeeded();
  }

  #upkeepAsNeeded(): void {
    const { bounds, needsUpkeep = false } = this.store;
    if (this.#failure || needsUpkeep || bounds.age < Number.POSITIVE_INFINITY) {
      // Appending nothing trims, sees that the store is in order, and after a failure tries it.
      this.#upkeep ??= setInterval(() => void this.append([]).catch(() => {}), UPKEEP_INTERVAL_MS).unref();
    } else {
      this.#stopUpkeep();
    }
  }

  #stopUpkeep(): void {
    clearInterval(this.#upkeep);
    this.#upkeep = undefined;
  }
}

function isUpkeep({ drafts, work }: Group): boolean {
  return drafts.length === 0 && !work;
}

function lastPosition(receipts: readonly Receipt[]): number {
  let last = 0;
  for (const { position } of receipts) if (position > last) last = position;
  return last;
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
