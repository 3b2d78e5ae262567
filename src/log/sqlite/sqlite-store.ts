import type { Database, Statement } from "bun:sqlite";
import { newWord, parsePlace, placeText } from "../../protocol/place.ts";
import { type Block, blocksOf, entriesOf } from "../block.ts";
import { type Clock, steadyTime, systemClock } from "../clock.ts";
import { Deduplication } from "../deduplication.ts";
import { createEntry, type Entry } from "../entry.ts";
import { type Life, Lives } from "../lives.ts";
import { RecentEntries } from "../recent-entries.ts";
import { inSlices } from "../slices.ts";
import {
  type Awaitable,
  type Batch,
  type Bounds,
  DEFAULT_BOUNDS,
  type Follower,
  type IdConflict,
  type LogStart,
  type MayRead,
  type Receipt,
  type Store,
  type Stretch,
} from "../store.ts";
import { sameTopics } from "../topic-set.ts";
import { openStoreFile, StoreFileError, type Sync, storeFileError } from "./sqlite-file.ts";

/** How much of the newest events is kept in memory too, so that who is a little behind costs no reading. */
const RECENT: Pick<Bounds, "events" | "bytes"> = { events: 2048, bytes: 8 * 1024 * 1024 };
/** No more than this, or one event, is read from the file at once, in bytes: nothing else runs meanwhile. */
const READ_BYTES = 512 * 1024;
/** How many such pieces stay in memory for a while. */
const PAGES = 8;
/** How many blocks' sizes and ages are read at once, to find out how far to trim. */
const LOOK_AHEAD = 64;
/** How many events go at once when a file is opened with lower bounds than it had. */
const TRIM_AT_ONCE = 10_000;

const COLUMNS = "last, kept_at AS keptAt, heads, data";

interface Held {
  readonly head: number;
  readonly first: number;
  /** The position of the first event of the first block. */
  readonly begin: number | null;
  readonly count: number;
  readonly bytes: number;
  readonly newest: number | null;
}

const HELD = `SELECT head, first, min(last + 1 - count) AS begin, total(count) AS count,
  total(size) AS bytes, max(kept_at) AS newest FROM log LEFT JOIN block`;

/** How a store in an SQLite file keeps events. */
export interface SqliteOptions {
  /** How much history it keeps; 10,000 events, 64 MiB and any age by default. */
  readonly bounds?: Partial<Bounds>;
  /** What acknowledged events survive: the end of the process (`normal`, by default), or a power cut (`full`). */
  readonly sync?: Sync;
  /** Tells the time; the system's by default. */
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
  readonly bounds: Bounds;
  readonly #db: Database;
  readonly #now: () => number;
  readonly #word = newWord();
  readonly #lives: Lives;
  #follower: Follower | undefined;
  readonly #recent = new RecentEntries();
  /** What was read from the file lately, by the position after which it begins. */
  readonly #pages = new Map<number, readonly Entry[]>();
  /** The block in which an event was looked up last: the next one asked for is often its neighbour. */
  #opened: readonly Entry[] = [];
  readonly #sizes: Sizes;
  #head: number;
  /** The position of the earliest event held; the one after the head when none is. */
  #first: number;
  #bytes: number;
  #failed = false;
  readonly #begin: Statement;
  readonly #commitAll: Statement;
  readonly #insert: Statement<unknown, [number, number, number, number, string, string]>;
  readonly #insertNamed: Statement<unknown, [number, number]>;
  readonly #setEnds: Statement<unknown, [number, number]>;
  readonly #delete: Statement<unknown, [number]>;
  readonly #deleteNamed: Statement<unknown, [number]>;
  readonly #named: Statement<{ position: number }, [number]>;
  readonly #after: Statement<Block, [number]>;

  /**
   * Opens the file, and makes it if it is not there.
   *
   * @throws StoreFileError when it can't be the store.
   */
  constructor(path: string, { bounds = {}, sync = "normal", clock = systemClock }: SqliteOptions = {}) {
    this.bounds = { ...DEFAULT_BOUNDS, ...bounds };
    const db = openStoreFile(path, sync);
    this.#db = db;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commitAll = db.prepare("COMMIT");
    this.#insert = db.prepare("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)");
    this.#insertNamed = db.prepare("INSERT INTO named VALUES (?, ?)");
    this.#setEnds = db.prepare("UPDATE log SET head = ?, first = ?");
    this.#delete = db.prepare("DELETE FROM block WHERE last < ?");
    this.#deleteNamed = db.prepare("DELETE FROM named WHERE position < ?");
    this.#named = db.prepare("SELECT position FROM named WHERE hash = ?");
    this.#after = db.prepare(`SELECT ${COLUMNS} FROM block WHERE last > ? ORDER BY last`);
    this.#sizes = new Sizes(db);
    try {
      const held = db.query<Held, []>(HELD).get();
      this.#head = held?.head ?? 0;
      this.#first = held?.first ?? this.#head + 1;
      this.#bytes = held?.bytes ?? 0;
      this.#now = steadyTime(clock, held?.newest ?? 0);
      db.query("INSERT INTO life VALUES (?, ?)").run(this.#word, this.#head + 1);
      this.#lives = new Lives(db.query<Life, []>("SELECT word, first FROM life ORDER BY rowid").all());
      const begin = held?.begin ?? this.#head + 1;
      if (begin > this.#first || begin + (held?.count ?? 0) !== this.#head + 1) {
        throw new StoreFileError(`${path} is damaged: it lacks some events`);
      }
      this.#trimAll();
      this.#remember();
    } catch (error) {
      db.close(true);
      throw storeFileError(error, path);
    }
  }

  get count(): number {
    return this.#head + 1 - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get earliest(): number | undefined {
    return this.#first <= this.#head ? this.#first : undefined;
  }

  follow(follower: Follower): LogStart {
    this.#follower = follower;
    return { head: this.#head, lives: this.#lives.all };
  }

  append(batches: readonly Batch[]): Awaitable<readonly (readonly Receipt[] | IdConflict)[]> {
    return inSlices(this.#append(batches));
  }

  *#append(batches: readonly Batch[]): Generator<void, readonly (readonly Receipt[] | IdConflict)[], void> {
    const deduplication = new Deduplication(({ id, topics }) => {
      return this.#find(id).find((entry) => sameTopics(entry.topics, topics));
    });
    for (const batch of batches) yield* deduplication.add(batch);
    const { fresh: drafts, recipients } = deduplication;
    const keptAt = this.#now();
    const entries = drafts.map((draft, i) => {
      const position = this.#head + 1 + i;
      const id = draft.id ?? placeText({ word: this.#word, position });
      const place = { word: this.#word, position, id, keptAt, recipients: recipients[i] ?? 0, erased: false };
      return createEntry({ ...draft, ...place });
    });
    this.#commit(drafts, entries, keptAt);
    for (const entry of entries) this.#recent.push(entry);
    this.#trimRecent();
    if (entries.length > 0) this.#follower?.kept(entries);
    return deduplication.receipts(entries);
  }

  trim(): void {
    const now = this.#now();
    if (!this.#failed && this.#firstWithin(this.#head, this.#bytes, now).first === this.#first) return;
    this.#commit([], [], now);
    this.#trimRecent();
  }

  locate(cursor: string, mayRead: MayRead): number | undefined {
    const place = parsePlace(cursor);
    const position = place && this.#lives.positionOf(place, this.#head);
    if (position !== undefined) return position + 1 >= this.#first ? position : undefined;
    return this.#find(cursor).find(mayRead)?.position;
  }

  /** The events with this id, oldest first. */
  #find(id: string): readonly Entry[] {
    const digits = /-(\d{1,15})$/.exec(id)?.[1];
    const positions = this.#named.all(Bun.hash.xxHash32(id)).map(({ position }) => position);
    if (digits !== undefined) positions.push(Number(digits));
    const entries = positions.sort((a, b) => a - b).map((position) => this.#entryAt(position));
    return entries.filter((entry) => entry !== undefined).filter((entry) => entry.id === id);
  }

  read(after: number, limit: number): Stretch {
    const from = Math.max(after, this.#first - 1);
    const missing = from > after ? { from: after + 1, to: from } : undefined;
    const entries = this.#readAfter(from, limit);
    return { entries, upTo: entries.at(-1)?.position ?? from, missing };
  }

  #readAfter(from: number, limit: number): readonly Entry[] {
    const { earliest } = this.#recent;
    if (earliest && from + 1 >= earliest.position) return this.#recent.read(from, limit);
    const known = this.#pages.get(from);
    if (known) return known.slice(0, limit);
    const entries: Entry[] = [];
    let length = 0;
    for (const block of this.#after.iterate(from)) {
      for (const entry of entriesOf(block, this.#lives)) if (entry.position > from) entries.push(entry);
      length += block.data.length;
      if (entries.length >= limit || length >= READ_BYTES) break;
    }
    // Where there is nothing there will be something.
    if (entries.length > 0) this.#keepPage(from, entries);
    return entries.slice(0, limit);
  }

  close(): void {
    this.#db.close(true);
  }

  /** Keeps what is appended and drops what is past the bounds, or does nothing and throws. */
  #commit(
    drafts: readonly { readonly id: string | undefined }[],
    entries: readonly Entry[],
    now: number,
  ): void {
    const head = this.#head + entries.length;
    try {
      this.#begin.run();
      let bytes = this.#bytes;
      for (const { last, count, size, keptAt, heads, data } of blocksOf(entries)) {
        this.#insert.run(last, count, size, keptAt, heads, data);
        bytes += size;
      }
      drafts.forEach(({ id }, i) => {
        if (id !== undefined) this.#insertNamed.run(this.#head + 1 + i, Bun.hash.xxHash32(id));
      });
      const kept = this.#firstWithin(head, bytes, now);
      this.#setEnds.run(head, kept.first);
      if (kept.first > this.#first) this.#deleteBefore(kept.first);
      this.#commitAll.run();
      this.#head = head;
      this.#first = kept.first;
      this.#bytes = kept.bytes;
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      // What was read of events that are not there after all.
      this.#sizes.forget();
      // After some failures SQLite has rolled back by itself.
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      throw error;
    }
  }

  /**
   * The first position that the bounds let stay, and how much the blocks from there on take. How many
   * events there are is told exactly; for the other bounds, blocks go as a whole.
   */
  #firstWithin(head: number, bytes: number, now: number): { first: number; bytes: number } {
    const { bounds } = this;
    const earliest = head + 1 - bounds.events;
    let first = this.#first;
    let left = bytes;
    while (first <= head) {
      const { last, size, keptAt } = this.#sizes.at(first);
      if (last >= earliest && left <= bounds.bytes && now - keptAt <= bounds.age) break;
      first = last + 1;
      left -= size;
    }
    return { first: Math.max(first, earliest), bytes: left };
  }

  /** For a file that is opened with other bounds, or after a long time. */
  #trimAll(): void {
    const { first, bytes } = this.#firstWithin(this.#head, this.#bytes, this.#now());
    const trimTo = this.#db.transaction((position: number) => {
      this.#setEnds.run(this.#head, position);
      this.#deleteBefore(position);
    });
    while (this.#first < first) {
      this.#first = Math.min(first, this.#first + TRIM_AT_ONCE);
      trimTo(this.#first);
    }
    this.#bytes = bytes;
    this.#db.run("PRAGMA incremental_vacuum");
  }

  #deleteBefore(first: number): void {
    this.#delete.run(first);
    this.#deleteNamed.run(first);
  }

  /** Keeps what was read for the next who reads from there: those that were cut off together come back so. */
  #keepPage(after: number, entries: readonly Entry[]): void {
    this.#pages.set(after, entries);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= PAGES) break;
      this.#pages.delete(oldest);
    }
  }

  /** Takes the newest events into memory: after a restart, they are what everybody asks for. */
  #remember(): void {
    const newest = this.#db.prepare<Block, []>(`SELECT ${COLUMNS} FROM block ORDER BY last DESC`);
    const blocks: Entry[][] = [];
    let count = 0;
    let length = 0;
    for (const block of newest.iterate()) {
      const entries = entriesOf(block, this.#lives);
      blocks.push(entries);
      count += entries.length;
      length += block.data.length;
      if (count >= RECENT.events || length >= RECENT.bytes) break;
    }
    newest.finalize();
    for (const entry of blocks.reverse().flat()) this.#recent.push(entry);
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

  #entryAt(position: number): Entry | undefined {
    if (position < this.#first || position > this.#head) return undefined;
    const recent = this.#recent.at(position);
    if (recent) return recent;
    const isAsked = (entry: Entry) => entry.position === position;
    const known = this.#opened.find(isAsked);
    if (known) return known;
    const block = this.#after.get(position - 1);
    this.#opened = block ? entriesOf(block, this.#lives) : [];
    return this.#opened.find(isAsked);
  }
}

/** The sizes and ages of the oldest blocks, of which some are read at a time. */
class Sizes {
  readonly #read: Statement<BlockSize, [number]>;
  #ahead: readonly BlockSize[] = [];
  #from = 0;

  constructor(db: Database) {
    this.#read = db.prepare(
      `SELECT last, size, kept_at AS keptAt FROM block WHERE last >= ? ORDER BY last LIMIT ${LOOK_AHEAD}`,
    );
  }

  /** Those of the block that the event at this position is in. */
  at(position: number): BlockSize {
    let found = position < this.#from ? undefined : this.#ahead.find(({ last }) => last >= position);
    if (!found) {
      this.#ahead = this.#read.all(position);
      this.#from = position;
      [found] = this.#ahead;
    }
    if (!found) throw new Error(`the event at position ${position} is missing`);
    return found;
  }

  forget(): void {
    this.#ahead = [];
  }
}

interface BlockSize {
  readonly last: number;
  readonly size: number;
  readonly keptAt: number;
}
