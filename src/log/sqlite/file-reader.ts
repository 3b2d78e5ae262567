import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import type { Stretch } from "../store.ts";
import { BlockCache } from "./block-cache.ts";
import { BlockReader } from "./block-reader.ts";
import { Blocks } from "./blocks.ts";
import { knownMissing } from "./check.ts";
import { openToRead } from "./sqlite-file.ts";

interface Opened {
  readonly db: Database;
  /** Which file it is: the one at the path may be another by now. */
  readonly identity: string;
  readonly blocks: Blocks;
}

/** Reads the file of a store that another process has open. */
export class FileReader {
  readonly #path: string;
  readonly #cache = new BlockCache();
  #opened: Opened | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The next events after the position, up to the end: they are known to have been kept.
   *
   * @param topics a hint, as for a store.
   * @throws SQLiteError when it can't be read; NewerBlock.
   */
  read(after: number, end: number, limit: number, topics?: readonly string[]): Stretch {
    const { db, blocks } = this.#open();
    // What is read is of one moment, though the other process deletes old events meanwhile.
    db.run("BEGIN");
    try {
      const first = db.query<{ first: number }, []>("SELECT first FROM log").get()?.first ?? end + 1;
      // What is damaged is told of by the process that has the file.
      const reader = new BlockReader(blocks, this.#cache, knownMissing(db), () => {});
      const from = Math.min(end, reader.skipMissing(Math.max(after, first - 1)));
      if (from >= end) return { entries: [], upTo: from, ...missing(after, from) };
      const stretch = reader.read(from, end, limit, topics);
      const to = stretch.missing?.to ?? from;
      return { entries: stretch.entries, upTo: stretch.upTo, ...missing(after, to) };
    } finally {
      db.run("COMMIT");
    }
  }

  /** Forgets what was read, of which some is erased. */
  forget(): void {
    this.#cache.clear();
  }

  close(): void {
    this.#opened?.db.close(true);
    this.#opened = undefined;
  }

  #open(): Opened {
    const { dev, ino } = statSync(this.#path);
    const identity = `${dev}:${ino}`;
    if (this.#opened?.identity === identity) return this.#opened;
    this.close();
    this.#cache.clear();
    const db = openToRead(this.#path);
    this.#opened = { db, identity, blocks: new Blocks(db) };
    return this.#opened;
  }
}

function missing(after: number, to: number): Pick<Stretch, "missing"> {
  return to > after ? { missing: { from: after + 1, to } } : {};
}
