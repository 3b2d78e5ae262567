import type { Database, Statement } from "bun:sqlite";
import { type Clock, steadyClock } from "./clock.ts";
import { type Draft, Entry } from "./entry.ts";
import { Ids, positionIn } from "./ids.ts";
import { openStoreFile, StoreFileError, type Sync, storeFileError } from "./sqlite-file.ts";
import { type Bounds, DEFAULT_BOUNDS, type Store } from "./store.ts";
import { Window } from "./window.ts";

/** How much of the newest events is kept in memory too, so that who is a little behind costs no reading. */
const RECENT: Pick<Bounds, "events" | "bytes"> = { events: 2048, bytes: 8 * 1024 * 1024 };
/** No more than this, or one event, is read from the file at once, in bytes: nothing else runs meanwhile. */
const READ_BYTES = 512 * 1024;
/** How many such pieces stay in memory for a while. */
const PAGES = 8;
/** What an event takes in the file besides its texts, in bytes, roughly. */
const OVERHEAD = 40;
/** How many events' sizes and ages are read at once, to find out how far to trim. */
const LOOK_AHEAD = 512;
/** How many events go at once when a file is opened with lower bounds than it had. */
const TRIM_AT_ONCE = 10_000;

interface Row {
  readonly position: number;
  readonly kept_at: number;
  readonly recipients: number;
  readonly private: number;
  readonly retry: number | null;
  readonly id: string;
  readonly type: string;
  readonly topics: string | null;
  readonly json: string;
}

const COLUMNS = "position, kept_at, recipients, private, retry, id, type, topics, json";

interface Held {
  readonly head: number;
  readonly first: number | null;
  readonly count: number;
  readonly bytes: number;
  readonly newest: number | null;
}

const HELD = `SELECT head, min(position) AS first, count(position) AS count, total(size) AS bytes,
  max(kept_at) AS newest FROM log LEFT JOIN event`;

export interface SqliteOptions {
  /** How much history it keeps; 10,000 events, 64 MiB and any age by default. */
  readonly bounds?: Partial<Bounds>;
  /** What acknowledged events survive: the end of the process (`normal`, by default), or a power cut (`full`). */
  readonly sync?: Sync;
  /** Given the newest time in the file, makes the clock, in whole milliseconds since 1970. For tests. */
  readonly clock?: (notBefore: number) => Clock;
}

/** A store in an SQLite file, which outlasts the process. One process uses a file at a time. */
export class SqliteStore implements Store {
  readonly name = "sqlite";
  readonly bounds: Bounds;
  readonly #db: Database;
  readonly #now: Clock;
  readonly #ids = new Ids();
  readonly #recent = new Window();
  /** What was read from the file lately, by the position after which it begins. */
  readonly #pages = new Map<number, readonly Entry[]>();
  readonly #ages: Ages;
  #head: number;
  /** The position of the earliest event held; the one after the head when none is. */
  #first: number;
  #bytes: number;
  #earliest: Pick<Entry, "position" | "id"> | undefined;
  #failed = false;
  readonly #begin: Statement;
  readonly #commitAll: Statement;
  readonly #insert: Statement<unknown, (string | number | null)[]>;
  readonly #delete: Statement<unknown, [number]>;
  readonly #setHead: Statement<unknown, [number]>;
  readonly #at: Statement<Row, [number]>;
  readonly #named: Statement<Row, [number, string]>;
  readonly #after: Statement<Row, [number, number]>;

  /**
   * Opens the file, and makes it if it is not there.
   *
   * @throws StoreFileError when it can't be the store.
   */
  constructor(path: string, { bounds = {}, sync = "normal", clock = steadyClock }: SqliteOptions = {}) {
    this.bounds = { ...DEFAULT_BOUNDS, ...bounds };
    const db = openStoreFile(path, sync);
    this.#db = db;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commitAll = db.prepare("COMMIT");
    this.#insert = db.prepare("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#delete = db.prepare("DELETE FROM event WHERE position < ?");
    this.#setHead = db.prepare("UPDATE log SET head = ?");
    this.#at = db.prepare(`SELECT ${COLUMNS} FROM event WHERE position = ?`);
    this.#named = db.prepare(`SELECT ${COLUMNS} FROM event WHERE named = ? AND id = ?`);
    this.#after = db.prepare(`SELECT ${COLUMNS} FROM event WHERE position > ? ORDER BY position LIMIT ?`);
    this.#ages = new Ages(db);
    try {
      const held = db.query<Held, []>(HELD).get();
      this.#head = held?.head ?? 0;
      this.#first = held?.first ?? this.#head + 1;
      this.#bytes = held?.bytes ?? 0;
      this.#now = clock(held?.newest ?? 0);
      if (held?.count !== this.count) throw new StoreFileError(`${path} is damaged: it lacks some events`);
      this.#trimAll();
      this.#remember();
    } catch (error) {
      db.close(true);
      throw storeFileError(error, path);
    }
  }

  get head(): number {
    return this.#head;
  }

  get count(): number {
    return this.#head + 1 - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get earliest(): Pick<Entry, "position" | "id"> | undefined {
    if (this.#earliest?.position !== this.#first) this.#earliest = this.#entryAt(this.#first);
    return this.#earliest;
  }

  append(drafts: readonly Draft[], recipients: readonly number[]): readonly Entry[] {
    const keptAt = this.#now();
    this.#ids.avoid(drafts);
    const entries = drafts.map((draft, i) => {
      const position = this.#head + 1 + i;
      const id = draft.id ?? this.#ids.at(position);
      return new Entry({ position, id, keptAt, recipients: recipients[i] ?? 0 }, draft);
    });
    this.#commit(drafts, entries, keptAt);
    for (const entry of entries) this.#recent.push(entry);
    this.#trimRecent();
    return entries;
  }

  trim(): void {
    const now = this.#now();
    if (!this.#failed && this.#firstWithin(this.#head, this.#bytes, now).first === this.#first) return;
    this.#commit([], [], now);
    this.#trimRecent();
  }

  find(id: string): Entry | undefined {
    const position = positionIn(id);
    const entry = position === undefined ? undefined : this.#entryAt(position);
    if (entry?.id === id) return entry;
    const row = this.#named.get(Bun.hash.xxHash32(id), id);
    return row ? entryOf(row) : undefined;
  }

  read(after: number, limit: number): readonly Entry[] {
    const { earliest } = this.#recent;
    if (earliest && after + 1 >= earliest.position) return this.#recent.read(after, limit);
    const known = after + 1 >= this.#first ? this.#pages.get(after) : undefined;
    if (known) return known.slice(0, limit);
    const entries: Entry[] = [];
    let bytes = 0;
    for (const row of this.#after.iterate(after, limit)) {
      entries.push(entryOf(row));
      bytes += row.json.length;
      if (bytes >= READ_BYTES) break;
    }
    this.#keepPage(after, entries);
    return entries;
  }

  close(): void {
    this.#db.close(true);
  }

  /** Keeps what is appended and drops what is past the bounds, or does nothing and throws. */
  #commit(drafts: readonly Draft[], entries: readonly Entry[], now: number): void {
    const head = this.#head + entries.length;
    try {
      this.#begin.run();
      let bytes = this.#bytes;
      for (const [i, entry] of entries.entries()) {
        const topics = entry.topics.length > 0 ? JSON.stringify(entry.topics) : null;
        const size =
          OVERHEAD +
          entry.id.length +
          entry.type.length +
          Buffer.byteLength(entry.json) +
          (topics?.length ?? 0);
        bytes += size;
        this.#insert.run(
          entry.position,
          entry.keptAt,
          size,
          entry.recipients,
          drafts[i]?.id === undefined ? null : Bun.hash.xxHash32(entry.id),
          entry.private ? 1 : 0,
          entry.retry ?? null,
          entry.id,
          entry.type,
          topics,
          entry.json,
        );
      }
      this.#setHead.run(head);
      const kept = this.#firstWithin(head, bytes, now);
      if (kept.first > this.#first) this.#delete.run(kept.first);
      this.#commitAll.run();
      this.#head = head;
      this.#first = kept.first;
      this.#bytes = kept.bytes;
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      // What was read of events that are not there after all.
      this.#ages.forget();
      // After some failures SQLite has rolled back by itself.
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      throw error;
    }
  }

  /** The first position that the bounds let stay, and how much is held from there on. */
  #firstWithin(head: number, bytes: number, now: number): { first: number; bytes: number } {
    const { bounds } = this;
    let first = this.#first;
    let left = bytes;
    for (; first <= head; first++) {
      const { size, keptAt } = this.#ages.at(first);
      if (head + 1 - first <= bounds.events && left <= bounds.bytes && now - keptAt <= bounds.age) break;
      left -= size;
    }
    return { first, bytes: left };
  }

  /** For a file that is opened with other bounds, or after a long time. */
  #trimAll(): void {
    const { first, bytes } = this.#firstWithin(this.#head, this.#bytes, this.#now());
    while (this.#first < first) {
      this.#first = Math.min(first, this.#first + TRIM_AT_ONCE);
      this.#delete.run(this.#first);
    }
    this.#bytes = bytes;
    this.#db.run("PRAGMA incremental_vacuum");
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
    const newest = this.#db.prepare<Row, [number]>(
      `SELECT ${COLUMNS} FROM event ORDER BY position DESC LIMIT ?`,
    );
    const entries: Entry[] = [];
    let bytes = 0;
    for (const row of newest.iterate(RECENT.events)) {
      const entry = entryOf(row);
      bytes += entry.size;
      if (bytes > RECENT.bytes) break;
      entries.push(entry);
    }
    newest.finalize();
    for (const entry of entries.reverse()) this.#recent.push(entry);
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
    const row = this.#at.get(position);
    return row ? entryOf(row) : undefined;
  }
}

/** The sizes and ages of the oldest events, of which some are read at a time. */
class Ages {
  readonly #read: Statement<{ size: number; keptAt: number }, [number]>;
  #ahead: readonly { size: number; keptAt: number }[] = [];
  #from = 0;

  constructor(db: Database) {
    this.#read = db.prepare(
      `SELECT size, kept_at AS keptAt FROM event WHERE position >= ? ORDER BY position LIMIT ${LOOK_AHEAD}`,
    );
  }

  at(position: number): { size: number; keptAt: number } {
    let found = this.#ahead[position - this.#from];
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

function entryOf(row: Row): Entry {
  return new Entry(
    { position: row.position, id: row.id, keptAt: row.kept_at, recipients: row.recipients },
    {
      type: row.type,
      json: row.json,
      topics: row.topics === null ? [] : JSON.parse(row.topics),
      retry: row.retry ?? undefined,
      private: row.private !== 0,
    },
  );
}
