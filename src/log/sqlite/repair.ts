import type { Database } from "bun:sqlite";
import { renameSync, rmSync } from "node:fs";
import { newWord } from "../../protocol/place.ts";
import { type Block, DamagedBlock } from "../block.ts";
import type { Life } from "../lives.ts";
import { Blocks, decodeRow } from "./blocks.ts";
import { CurrentTable } from "./current-table.ts";
import { EndedTable } from "./ended-table.ts";
import { FileWriter, type LogState } from "./file-writer.ts";
import { openDamagedFile, StoreFileError } from "./sqlite-file.ts";

/** How far a search for the next whole block goes on, in doubled steps of positions. */
const MAX_DOUBLINGS = 40;

/**
 * Puts a new file with all whole blocks in the place of a damaged one, which stays beside it as
 * `PATH.damaged`.
 *
 * @throws StoreFileError when nothing of it can be read.
 */
export function repairFile(path: string): void {
  const writer = new FileWriter(`${path}.repairing`);
  let db: Database | undefined;
  try {
    db = openDamagedFile(path);
    let last = 0;
    for (const { entries, last: end } of wholeBlocks(db)) {
      const fresh = entries.filter(({ position }) => position > last);
      for (const _ of writer.add(fresh)) {
        // A repair is one step: the hub does not run yet.
      }
      last = Math.max(last, end);
    }
    writer.finish({ ...stateOf(db, last), current: currentOf(db, last), ended: endedOf(db, last) });
  } catch (cause) {
    writer.abandon();
    throw new StoreFileError(
      `${path} can't be repaired: nothing in it can be read. Move it away to begin anew`,
      {
        cause,
      },
    );
  } finally {
    db?.close(true);
  }
  renameSync(path, `${path}.damaged`);
  rmSync(`${path}-wal`, { force: true });
  renameSync(`${path}.repairing`, path);
}

function* wholeBlocks(db: Database): Generator<Block, void, void> {
  const blocks = new Blocks(db);
  let position = 0;
  for (let doublings = 0; doublings < MAX_DOUBLINGS; ) {
    try {
      const row = blocks.after(position);
      if (!row) return;
      doublings = 0;
      position = Math.max(position + 1, row.last);
      yield decodeRow(row);
    } catch (error) {
      if (error instanceof DamagedBlock) continue;
      // SQLite can't read the page on which that block is.
      position += 2 ** doublings++;
    }
  }
}

/** Where the log stood, in so far as the file says so. A new life begins in any case. */
function stateOf(db: Database, last: number): Omit<LogState, "current" | "ended"> {
  try {
    const lives = db.query<Life, []>("SELECT word, first FROM life ORDER BY number").all();
    return { head: last, lives: lives.filter(({ first }) => first <= last + 1) };
  } catch {
    return { head: last, lives: [{ word: newWord(), first: 1 }] };
  }
}

/** The current values that can be read. A file of an earlier version has none. */
function currentOf(db: Database, last: number): LogState["current"] {
  try {
    return new CurrentTable(db).load().values.filter(({ entry }) => entry.position <= last);
  } catch {
    return [];
  }
}

/** The ended topics, in so far as they can be read. A file of an earlier version has none. */
function endedOf(db: Database, last: number): LogState["ended"] {
  try {
    return new EndedTable(db).load().filter(({ position }) => position <= last);
  } catch {
    return [];
  }
}
