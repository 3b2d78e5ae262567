import type { Database, Statement } from "bun:sqlite";
import { statSync } from "node:fs";
import type { Life } from "../lives.ts";
import { Blocks } from "./blocks.ts";
import { checkFile, knownMissing, type Range } from "./check.ts";
import { CurrentTable } from "./current-table.ts";
import { EndedTable } from "./ended-table.ts";
import { repairFile } from "./repair.ts";
import { openStoreFile, StoreFileError, type Sync, storeFileError } from "./sqlite-file.ts";

/** How many blocks' sizes and ages are read at once, to find out how far to trim. */
const LOOK_AHEAD_BLOCKS = 64;
/** So many lives are kept, however often a file is opened without an event. */
const MAX_LIVES = 1000;

/** What an open file says of its log. */
export interface FileState {
  readonly head: number;
  /** The position of the oldest event that is held; the one after the head when none is. */
  readonly first: number;
  readonly bytes: number;
  /** When the newest event was kept, in milliseconds since 1970; 0 without one. */
  readonly newest: number;
  readonly lives: readonly Life[];
  readonly missing: readonly Range[];
}

/** What an age and a size are known of: a block. */
interface BlockSize {
  readonly last: number;
  readonly size: number;
  readonly keptAt: number;
}

interface Sharing {
  readonly sync: Sync;
  /** Whether other processes read the file too. */
  readonly shared: boolean;
}

interface OpenOptions extends Sharing {
  readonly repair: boolean;
}

/** An open store file. */
export class StoreFile {
  readonly path: string;
  readonly blocks: Blocks;
  readonly currentValues: CurrentTable;
  readonly endedTopics: EndedTable;
  readonly #db: Database;
  readonly #identity: string | undefined;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #deleteMissing: Statement<unknown, [number]>;
  readonly #setEnds: Statement<unknown, [number, number]>;
  readonly #sizes: Statement<BlockSize, [number]>;
  #ahead: readonly BlockSize[] = [];
  #aheadFrom = 0;
  /** Whether the log beside the file may have copies of what was replaced for good. A crash may have left some. */
  #hasCopies = true;

  private constructor(db: Database, path: string) {
    this.path = path;
    this.#db = db;
    this.blocks = new Blocks(db);
    this.currentValues = new CurrentTable(db);
    this.endedTopics = new EndedTable(db);
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#deleteMissing = db.prepare("DELETE FROM missing WHERE last < ?");
    this.#setEnds = db.prepare("UPDATE log SET head = ?, first = ?");
    this.#sizes = db.prepare(
      `SELECT last, size, kept_at AS keptAt FROM block WHERE last >= ? ORDER BY last LIMIT ${LOOK_AHEAD_BLOCKS}`,
    );
    this.#identity = this.#identityNow();
  }

  /**
   * Opens the file, makes it if it is not there, and reads all of it to see that it is whole.
   *
   * @throws StoreFileError
   */
  static open(path: string, { repair, ...access }: OpenOptions): StoreFile {
    try {
      return StoreFile.#openWhole(path, access);
    } catch (error) {
      if (!repair || !(error instanceof StoreFileError) || !error.repairable) throw error;
      repairFile(path);
      return StoreFile.#openWhole(path, access);
    }
  }

  static #openWhole(path: string, { sync, shared }: Sharing): StoreFile {
    // Even one that others are to read is this process's alone at first: so no two hubs have it.
    const db = openStoreFile(path, { sync, use: shared ? "before sharing" : "alone" });
    try {
      checkFile(db, path);
      if (!shared) return new StoreFile(db, path);
      db.close(true);
      return StoreFile.reopen(path, { sync, shared });
    } catch (error) {
      db.close(true);
      throw storeFileError(error, path);
    }
  }

  /** Opens a file that this process has just written. @throws StoreFileError */
  static reopen(path: string, { sync, shared }: Sharing): StoreFile {
    return new StoreFile(openStoreFile(path, { sync, use: shared ? "shared" : "alone" }), path);
  }

  /** Begins a life, and says where the log stands. */
  start(word?: string): FileState {
    const db = this.#db;
    const { head, first, bytes, newest } = db
      .query<Omit<FileState, "lives" | "missing">, []>(
        `SELECT head, first, total(size) AS bytes, coalesce(max(kept_at), 0) AS newest FROM log LEFT JOIN block`,
      )
      .get() ?? { head: 0, first: 1, bytes: 0, newest: 0 };
    if (word !== undefined) db.query("INSERT INTO life (word, first) VALUES (?, ?)").run(word, head + 1);
    db.query("DELETE FROM life WHERE number <= (SELECT max(number) FROM life) - ?").run(MAX_LIVES);
    const lives = db.query<Life, []>("SELECT word, first FROM life ORDER BY number").all();
    return { head, first, bytes, newest, lives, missing: knownMissing(db) };
  }

  begin(): void {
    this.#begin.run();
  }

  /** Ends what was begun: the log then stands there. */
  commit(head: number, first: number): void {
    this.#setEnds.run(head, first);
    this.#commit.run();
  }

  rollback(): void {
    // What was read of blocks that are not there after all.
    this.#ahead = [];
    this.blocks.forget();
    // After some failures SQLite has rolled back by itself.
    if (this.#db.inTransaction) this.#db.run("ROLLBACK");
  }

  /** Deletes the blocks that end before the position, and what finds events before it. */
  deleteBefore(position: number): void {
    this.blocks.deleteBefore(position);
    this.#deleteMissing.run(position);
  }

  /** Gives back to the file system what the file no longer needs. */
  shrink(): void {
    this.#db.run("PRAGMA incremental_vacuum");
  }

  /** Lets no block count as younger than this: milliseconds since 1970. */
  limitTimes(time: number): void {
    this.#db.query("UPDATE block SET kept_at = ?1 WHERE kept_at > ?1").run(time);
    this.#ahead = [];
  }

  /** The size and age of the block with the event at this position, or of the next one. */
  sizeAt(position: number): BlockSize | undefined {
    let found = position < this.#aheadFrom ? undefined : this.#ahead.find(({ last }) => last >= position);
    if (!found) {
      this.#ahead = this.#sizes.all(position);
      this.#aheadFrom = position;
      [found] = this.#ahead;
    }
    return found;
  }

  /**
   * Does what must leave no copy of what it replaces, in the file or in the log beside it. While others read
   * the file, copies stay in the log until {@link removeCopies}.
   */
  securely(work: () => void): void {
    this.#db.run("PRAGMA secure_delete = ON");
    try {
      this.#db.transaction(work).immediate();
      this.#hasCopies = true;
      this.removeCopies();
    } finally {
      this.#db.run("PRAGMA secure_delete = FAST");
    }
  }

  /** Removes copies that had to stay while others read the file, unless somebody reads it again. */
  removeCopies(): void {
    if (!this.#hasCopies) return;
    const db = this.#db;
    const { timeout = 0 } = db.query<{ timeout: number }, []>("PRAGMA busy_timeout").get() ?? {};
    // To wait for those who read it would hold everything else.
    db.run("PRAGMA busy_timeout = 0");
    try {
      const found = db.query<{ busy: number }, []>("PRAGMA wal_checkpoint(TRUNCATE)").get();
      this.#hasCopies = found?.busy !== 0;
    } finally {
      db.run(`PRAGMA busy_timeout = ${timeout}`);
    }
  }

  /** Whether what is at its path is still this file, with the log beside it; `another` when something else is. */
  get whereabouts(): "in place" | "gone" | "another" {
    const now = this.#identityNow();
    if (now === this.#identity) return "in place";
    const main = now?.split(" ")[0];
    return main === undefined || main === "" || main === this.#identity?.split(" ")[0] ? "gone" : "another";
  }

  close(): void {
    this.#db.close(true);
  }

  /** Which files are at the path and beside it. An emptied one is none: a database has a page at least. */
  #identityNow(): string | undefined {
    const [main, log] = [this.path, `${this.path}-wal`].map((path) => {
      const found = statSync(path, { bigint: true, throwIfNoEntry: false });
      return found && (found.size > 0n || path !== this.path) ? `${found.dev}:${found.ino}` : "";
    });
    return `${main} ${log}`;
  }
}
