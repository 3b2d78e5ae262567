import { renameSync, rmSync } from "node:fs";
import { newWord, parsePlace } from "../../protocol/place.ts";
import { inSlices } from "../../timers.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type Changes, type CurrentBounds, type CurrentReader, CurrentValues } from "../current-values.ts";
import { Deduplication, type NamedDraft } from "../deduplication.ts";
import { type EndedReader, EndedTopics } from "../ended-topics.ts";
import { type Entry, erasedEntry, keptEntry } from "../entry.ts";
import { Lives } from "../lives.ts";
import { RecentEntries } from "../recent-entries.ts";
import {
  type Awaitable,
  type Batch,
  type Bounds,
  DEFAULT_BOUNDS,
  type Follower,
  type LogStart,
  type MayRead,
  type Receipt,
  type Refusal,
  type Store,
  type Stretch,
} from "../store.ts";
import { sameTopics } from "../topic-set.ts";
import { Backups } from "./backup.ts";
import { BlockCache } from "./block-cache.ts";
import { BlockReader } from "./block-reader.ts";
import type { Sync } from "./sqlite-file.ts";
import { StoreFile } from "./store-file.ts";
import { TrustedTime } from "./trusted-time.ts";

/** How much of the newest events is kept in memory too, so that who is a little behind costs no reading. */
const RECENT: Pick<Bounds, "events" | "bytes"> = { events: 2048, bytes: 8 * 1024 * 1024 };
/** So many blocks more than come go with an append: nothing else runs meanwhile. */
const TRIM_BLOCKS = 32;

/** How a store in an SQLite file keeps events. */
export interface SqliteOptions {
  /**
   * The bounds of the history.
   *
   * @defaultValue 10,000 events, 64 MiB and any age
   */
  readonly bounds?: Partial<Bounds>;
  /**
   * The bounds of the current values.
   *
   * @defaultValue 10,000 values and 64 MiB
   */
  readonly currentBounds?: Partial<CurrentBounds>;
  /**
   * The most ended topics. When there are more, those that ended first are open again.
   *
   * @defaultValue 10,000
   */
  readonly endedTopics?: number;
  /**
   * What acknowledged events survive: the end of the process (`normal`), or also a power cut (`full`).
   *
   * @defaultValue `normal`
   */
  readonly sync?: Sync;
  /**
   * Whether to repair a damaged file. A new file gets all events that can be read, and the damaged one stays
   * beside it as `PATH.damaged`.
   *
   * @defaultValue false: a damaged file is refused
   */
  readonly repair?: boolean;
  /**
   * Whether other processes of the hub read the file too. None but this one writes to it.
   *
   * @internal
   */
  readonly shared?: boolean;
  /**
   * The clock.
   *
   * @defaultValue `systemClock`
   */
  readonly clock?: Clock;
}

/**
 * A store in an SQLite file, which outlasts the process. One process uses a file at a time.
 *
 * @example
 * ```ts
 * import { Broker, SqliteStore } from "tidings";
 * const week = 7 * 24 * 60 * 60 * 1000;
 * const store = new SqliteStore("events.db", { bounds: { events: 100_000, age: week } });
 * const broker = new Broker({ store });
 * ```
 */
export class SqliteStore implements Store {
  readonly name = "sqlite";
  /** Its file may be removed while it is in use. */
  readonly needsUpkeep = true;
  readonly bounds: Bounds;
  readonly #current: CurrentValues;
  readonly #ended: EndedTopics;
  readonly #path: string;
  readonly #access: { readonly sync: Sync; readonly shared: boolean };
  readonly #word = newWord();
  readonly #lives: Lives;
  readonly #time: TrustedTime;
  readonly #recent = new RecentEntries();
  readonly #cache = new BlockCache();
  readonly #backups = new Backups();
  #file: StoreFile;
  #reader: BlockReader;
  #head: number;
  /** The position of the earliest event held; the one after the head when none is. */
  #first: number;
  #bytes: number;
  /** Set after a write that failed, and while the file is not where it was. */
  #failed = false;
  #isGone = false;
  #follower: Follower | undefined;
  /** What is to be told when the store is followed. */
  #warnings: string[] = [];

  /**
   * Opens the file, and makes it if it is not there.
   *
   * @throws StoreFileError when it can't be the store.
   */
  constructor(path: string, options: SqliteOptions = {}) {
    // Not in the parameters: declarations would name `shared` there, which they otherwise leave out.
    const { bounds = {}, sync = "normal", repair = false, shared = false, clock = systemClock } = options;
    this.#current = new CurrentValues(options.currentBounds);
    this.#ended = new EndedTopics(options.endedTopics);
    this.bounds = { ...DEFAULT_BOUNDS, ...bounds };
    this.#path = path;
    this.#access = { sync, shared };
    this.#file = StoreFile.open(path, { ...this.#access, repair });
    try {
      const { head, first, bytes, newest, lives, missing } = this.#file.start(this.#word);
      this.#head = head;
      this.#first = first;
      this.#bytes = bytes;
      this.#lives = new Lives(lives);
      this.#time = new TrustedTime(clock, newest, this.bounds.age);
      this.#reader = this.#readerOf(missing);
      this.#warnOfTime(newest, clock.time());
      this.#trimAll();
      this.#remember();
      this.#loadCurrent();
      this.#loadEnded();
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  get current(): CurrentReader {
    return this.#current;
  }

  get ended(): EndedReader {
    return this.#ended;
  }

  get count(): number {
    return this.#head + 1 - this.#first - this.#reader.countMissing(this.#first, this.#head);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get earliest(): number | undefined {
    return this.#first <= this.#head ? this.#first : undefined;
  }

  follow(follower: Follower): LogStart {
    this.#follower = follower;
    for (const warning of this.#warnings.splice(0)) follower.warned(warning);
    return { head: this.#head, lives: this.#lives.all };
  }

  append(batches: readonly Batch[]): Awaitable<readonly (readonly Receipt[] | Refusal)[]> {
    return inSlices(this.#append(batches));
  }

  *#append(batches: readonly Batch[]): Generator<void, readonly (readonly Receipt[] | Refusal)[], void> {
    if (this.#isGone) throw this.#goneError();
    const deduplication = new Deduplication((draft) => this.#find(draft), this.#ended);
    for (const batch of batches) yield* deduplication.add(batch);
    const { fresh, recipients } = deduplication;
    const keptAt = this.#time.now();
    const entries = fresh.map((draft, i) =>
      keptEntry(draft, this.#word, this.#head + 1 + i, keptAt, recipients[i] ?? 0),
    );
    if (entries.length > 0) {
      yield* this.#commit(entries, keptAt, deduplication);
      for (const entry of entries) this.#recent.push(entry);
      this.#trimRecent();
      this.#follower?.kept(entries);
    }
    return deduplication.receipts(entries);
  }

  trim(): Awaitable<void> {
    return inSlices(this.#upkeep());
  }

  *#upkeep(): Generator<void, void, void> {
    yield* this.#findFile();
    this.#file.removeCopies();
    if (this.#time.look()) this.#file.limitTimes(this.#time.now());
    const now = this.#time.now();
    while (this.#failed || this.#firstWithin(this.#head, this.#bytes, now, TRIM_BLOCKS).first > this.#first) {
      yield* this.#commit([], now);
      this.#trimRecent();
      yield;
    }
  }

  locate(cursor: string, mayRead: MayRead): Awaitable<number | undefined> {
    const place = parsePlace(cursor);
    const position = place && this.#lives.positionOf(place, this.#head);
    if (position !== undefined) return position + 1 >= this.#first ? position : undefined;
    return inSlices(this.#locateName(cursor, mayRead));
  }

  *#locateName(id: string, mayRead: MayRead): Generator<void, number | undefined, void> {
    for (const position of this.#file.blocks.names.locate(id, this.#first, this.#head)) {
      const entry = this.#entryAt(position);
      if (entry?.id === id && mayRead(entry)) return position;
      yield;
    }
    return undefined;
  }

  read(after: number, limit: number, topics?: readonly string[]): Stretch {
    const from = this.#reader.skipMissing(Math.max(after, this.#first - 1));
    const missing = from > after ? { from: after + 1, to: from } : undefined;
    const { earliest } = this.#recent;
    if (from >= this.#head || (earliest && from + 1 >= earliest.position)) {
      const entries = this.#recent.read(from, limit);
      return { entries, upTo: entries.at(-1)?.position ?? from, missing };
    }
    const end = earliest ? earliest.position - 1 : this.#head;
    const stretch = this.#reader.read(from, end, limit, topics);
    if (!missing) return stretch;
    return { ...stretch, missing: { from: missing.from, to: stretch.missing?.to ?? missing.to } };
  }

  clearCurrent(type: string, topic: string | undefined): boolean {
    const changes = this.#current.clear(type, topic);
    if (changes.size === 0) return false;
    this.#removeValues(changes);
    this.#follower?.cleared?.(type, topic);
    return true;
  }

  openTopic(topic: string): boolean {
    if (!this.#ended.get(topic)) return false;
    this.#file.endedTopics.write(new Map([[topic, undefined]]));
    return this.#ended.open(topic);
  }

  /** Erases the data of an event, in the file and in backups that are being written. False if it is not held. */
  erase(position: number): boolean {
    const entry = this.#entryAt(position);
    const gone = this.#current.erase(position);
    this.#backups.erase(position);
    if (!entry && gone.size === 0) return false;
    const erased = entry && erasedEntry(entry);
    this.#removeValues(gone, () => {
      if (erased) this.#file.blocks.erase(position);
    });
    if (erased) {
      this.#recent.replace(erased);
      this.#cache.clear();
    }
    this.#follower?.erased?.(position);
    return true;
  }

  /** Writes a consistent copy to a new file, while the store goes on; the file appears when it is complete. */
  backup(path: string): Promise<void> {
    return this.#backups.write(path, this.#source());
  }

  close(): Awaitable<void> {
    return inSlices(this.#close());
  }

  *#close(): Generator<void, void, void> {
    // The file may have gone since the last look at it.
    if (this.#file.whereabouts === "gone") {
      try {
        yield* this.#writeAnew();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#warn(`${this.#path} had been removed, and can't be written anew, so all is lost: ${reason}`);
      }
    }
    this.#file.close();
  }

  #source() {
    const read = (after: number, limit: number) => this.read(after, limit);
    return {
      after: this.#first - 1,
      head: this.#head,
      lives: this.#lives.all,
      current: this.#current.all(),
      ended: this.#ended.all(),
      read,
    };
  }

  #readerOf(missing: ConstructorParameters<typeof BlockReader>[2]): BlockReader {
    return new BlockReader(this.#file.blocks, this.#cache, missing, ({ from, to }) => {
      this.#warn(
        `${this.#path} is damaged: events ${from} to ${to} can't be read; readers are told of a gap`,
      );
    });
  }

  #warn(warning: string): void {
    if (this.#follower) this.#follower.warned(warning);
    else this.#warnings.push(warning);
  }

  /** Keeps what is appended and drops what is past the bounds, or does nothing and throws. */
  *#commit(
    entries: readonly Entry[],
    now: number,
    { retains, ends }: Pick<Deduplication, "retains" | "ends"> = { retains: false, ends: false },
  ): Generator<void, void, void> {
    const head = this.#head + entries.length;
    try {
      this.#file.begin();
      const added = yield* this.#file.blocks.add(entries);
      const kept = this.#firstWithin(head, this.#bytes + added, now, TRIM_BLOCKS + entries.length);
      // From here on nothing else has its turn: whoever reads must find what goes, or know that it went.
      if (kept.first > this.#first) this.#file.deleteBefore(kept.first);
      if (retains) this.#file.currentValues.write(this.#current.keep(entries));
      if (ends) this.#file.endedTopics.write(this.#ended.keep(entries));
      this.#file.commit(head, kept.first);
      this.#head = head;
      this.#first = kept.first;
      this.#bytes = kept.bytes;
      this.#reader.dropBefore(kept.first);
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      this.#file.rollback();
      if (retains) this.#loadCurrent();
      if (ends) this.#loadEnded();
      throw error;
    }
  }

  /** Removes current values from the file too, and does the rest there. When that fails, they are as they were. */
  #removeValues(changes: Changes, rest = () => {}): void {
    try {
      this.#file.securely(() => {
        this.#file.currentValues.write(changes);
        rest();
      });
    } catch (error) {
      this.#loadCurrent();
      throw error;
    }
  }

  /** Takes the current values from the file. */
  #loadCurrent(): void {
    const { values, damaged } = this.#file.currentValues.load();
    const past = this.#current.load(values);
    if (past.size > 0) this.#file.securely(() => this.#file.currentValues.write(past));
    if (damaged > 0) this.#warn(`${this.#path} is damaged: ${damaged} current values can't be read`);
  }

  /** Takes the ended topics from the file. */
  #loadEnded(): void {
    this.#file.endedTopics.write(this.#ended.load(this.#file.endedTopics.load()));
  }

  /**
   * The first position that the bounds let stay, and how much the blocks from there on take, when so
   * many blocks go at most. How many events there are is told exactly; for the other bounds, blocks go
   * as a whole.
   */
  #firstWithin(head: number, bytes: number, now: number, blocks: number): { first: number; bytes: number } {
    const { bounds } = this;
    const earliest = head + 1 - bounds.events;
    let first = this.#first;
    let left = bytes;
    for (let gone = 0; first <= head; gone++) {
      const block = this.#file.sizeAt(first);
      if (!block) break;
      const { last, size, keptAt } = block;
      if (last >= earliest && left <= bounds.bytes && now - keptAt <= this.#time.age) break;
      if (gone === blocks) return { first, bytes: left };
      first = last + 1;
      left -= size;
    }
    return { first: Math.max(first, earliest), bytes: left };
  }

  /** For a file that is opened with other bounds, or after a long time. */
  #trimAll(): void {
    const before = this.#first;
    const now = this.#time.now();
    while (this.#firstWithin(this.#head, this.#bytes, now, TRIM_BLOCKS).first > this.#first) {
      for (const _ of this.#commit([], now)) {
        // The hub does not run yet.
      }
    }
    if (this.#first > before) this.#file.shrink();
  }

  /** Sees that the file is where it was; one that is gone is written anew from what is known. */
  *#findFile(): Generator<void, void, void> {
    const where = this.#file.whereabouts;
    if (where === "in place") {
      this.#isGone = false;
      return;
    }
    const wasGone = this.#isGone;
    this.#isGone = true;
    // The first time, it is said aloud. Another file is not ours to replace.
    if (!wasGone || where === "another") throw this.#goneError();
    yield* this.#writeAnew();
    this.#isGone = false;
  }

  *#writeAnew(): Generator<void, void, void> {
    yield* this.#backups.steps(`${this.#path}.partial`, this.#source());
    this.#file.close();
    for (const suffix of ["-wal", "-shm"]) rmSync(this.#path + suffix, { force: true });
    renameSync(`${this.#path}.partial`, this.#path);
    this.#file = StoreFile.reopen(this.#path, this.#access);
    const { missing, bytes } = this.#file.start();
    this.#reader = this.#readerOf(missing);
    this.#bytes = bytes;
    this.#warn(`${this.#path} had been removed; it is written anew, with all that was held`);
  }

  #goneError(): Error {
    return this.#file.whereabouts === "another"
      ? new Error(`another file is at ${this.#path}: nothing is kept until the hub is started again`)
      : new Error(`${this.#path}, or the log beside it, was removed or moved while in use`);
  }

  /** The held event with the draft's id on its topics. */
  #find(draft: NamedDraft): Entry | undefined {
    for (const position of this.#file.blocks.names.find(draft, this.#first, this.#head)) {
      const entry = this.#entryAt(position);
      if (entry?.id === draft.id && sameTopics(entry.topics, draft.topics)) return entry;
    }
    return undefined;
  }

  #entryAt(position: number): Entry | undefined {
    if (position < this.#first || position > this.#head) return undefined;
    return this.#recent.at(position) ?? this.#reader.entryAt(position);
  }

  /** Takes the newest events into memory: after a restart, they are what everybody asks for. */
  #remember(): void {
    for (const entry of this.#reader.newest(this.#first, this.#head, RECENT)) this.#recent.push(entry);
    this.#trimRecent();
  }

  #trimRecent(): void {
    const recent = this.#recent;
    for (let { earliest } = recent; earliest; earliest = recent.earliest) {
      const within = recent.count <= RECENT.events && recent.bytes <= RECENT.bytes;
      if (within && earliest.position >= this.#first) break;
      recent.shift();
    }
  }

  #warnOfTime(newest: number, now: number): void {
    const { doubt } = this.#time;
    if (!doubt) return;
    const [file, system] = [newest, now].map((time) => new Date(time).toISOString());
    const differ = `the newest event in ${this.#path} is of ${file}, and the system's time is ${system}`;
    if (doubt === "ahead") {
      this.#file.limitTimes(now);
      this.#warn(`${differ}: events grow old from now on, by the system's time`);
    } else {
      this.#warn(`${differ}: should that be wrong, set it right; until then events are held for a while`);
    }
  }
}
