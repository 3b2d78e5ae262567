import type { Database } from "bun:sqlite";
import { DamagedBlock } from "../block.ts";
import type { Entry } from "../entry.ts";
import { Blocks, decodeRow } from "./blocks.ts";
import { digestsOf, isNamed } from "./name-index.ts";
import { damaged, type StoreFileError } from "./sqlite-file.ts";
import { namesOf } from "./topic-index.ts";

/** Positions, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Reads all that a file has, so that nothing wrong is ever served. What finds the blocks is made
 * again when it does not fit them.
 *
 * @throws StoreFileError when events are damaged or missing.
 */
export function checkFile(db: Database, path: string): void {
  const blocks = new Blocks(db);
  const { head, first } = db
    .query<{ head: number; first: number }, []>("SELECT head, first FROM log")
    .get() ?? {
    head: -1,
    first: -1,
  };
  const known = knownMissing(db);
  const expected = new Tally();
  const broken: Range[] = [];
  let begin: number | undefined;
  let secondBegin: number | undefined;
  let next: number | undefined;
  for (const row of blocks.allAfter(0)) {
    const from = row.last + 1 - row.count;
    if (begin === undefined) {
      begin = from;
      next = first;
    } else {
      secondBegin ??= from;
    }
    if (next !== undefined && from > next && !isKnown(known, { from: next, to: from - 1 })) {
      broken.push({ from: next, to: from - 1 });
    }
    next = row.last + 1;
    try {
      expected.add(decodeRow(row).entries, row.last);
    } catch (error) {
      if (!(error instanceof DamagedBlock)) throw error;
      broken.push({ from, to: row.last });
    }
  }
  if (broken.length > 0) throw lacking(path, broken);
  const end = (next ?? head + 1) - 1;
  const fits = begin === undefined ? first === head + 1 : first <= (secondBegin ?? end + 1);
  if (end !== head && !isKnown(known, { from: end + 1, to: head }))
    throw lacking(path, [{ from: end + 1, to: head }]);

  if (!fits) throw damaged(path, "it does not say with which event it begins");
  if (!expected.equals(Tally.of(db))) rebuild(db, blocks);
}

/** The stretches that are known to be gone, oldest first. */
export function knownMissing(db: Database): Range[] {
  return db.query<Range, []>('SELECT first AS "from", last AS "to" FROM missing ORDER BY last').all();
}

function isKnown(known: readonly Range[], { from, to }: Range): boolean {
  let at = from;
  for (const range of known) if (range.from <= at && range.to >= at) at = range.to + 1;
  return at > to;
}

function lacking(path: string, ranges: readonly Range[]): StoreFileError {
  return damaged(path, `events ${rangesText(ranges)} can't be read`);
}

function rangesText(ranges: readonly Range[]): string {
  const shown = ranges.slice(0, 3).map(({ from, to }) => `${from} to ${to}`);
  return `${shown.join(", ")}${ranges.length > shown.length ? ` and ${ranges.length - shown.length} more stretches` : ""}`;
}

/** Makes anew what finds the blocks. */
function rebuild(db: Database, blocks: Blocks): void {
  db.transaction(() => {
    db.run("DELETE FROM topic");
    db.run("DELETE FROM name");
    for (const row of blocks.allAfter(0)) {
      const { entries } = decodeRow(row);
      blocks.topics.add(entries, row.last);
      for (const entry of entries) blocks.names.add(entry);
    }
  }).immediate();
}

/** Sums up what finds the blocks, in whatever order. */
class Tally {
  #count = 0;
  #sum = 0n;

  /** That of the tables. */
  static of(db: Database): Tally {
    const tally = new Tally();
    const topics = db.prepare<{ name: string; last: number }, []>("SELECT name, last FROM topic");
    for (const { name, last } of topics.iterate()) tally.#addText(`${last} ${name}`);
    topics.finalize();
    const names = db.prepare<{ id: Uint8Array; topics: Uint8Array; position: number }, []>(
      "SELECT * FROM name",
    );
    for (const { id, topics, position } of names.iterate()) tally.#addName(id, topics, position);
    names.finalize();
    return tally;
  }

  /** What the tables should have for a block. */
  add(entries: readonly Entry[], last: number): void {
    for (const name of namesOf(entries)) this.#addText(`${last} ${name}`);
    for (const entry of entries) {
      if (isNamed(entry)) this.#addName(...digestsOf(entry), entry.position);
    }
  }

  equals(other: Tally): boolean {
    return this.#count === other.#count && this.#sum === other.#sum;
  }

  #addName(id: Uint8Array, topics: Uint8Array, position: number): void {
    this.#addText(
      `${Buffer.from(id).toString("latin1")}${Buffer.from(topics).toString("latin1")}${position}`,
    );
  }

  #addText(text: string): void {
    this.#count++;
    this.#sum ^= Bun.hash.xxHash64(text);
  }
}
