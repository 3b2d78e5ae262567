import type { Database } from "bun:sqlite";
import { DamagedBlock } from "../block.ts";
import { type Entry, isNamed } from "../entry.ts";
import { Blocks, decodeRow } from "./blocks.ts";
import { damaged, type StoreFileError } from "./sqlite-file.ts";
import { segmentOf, topicNamesOf } from "./topic-index.ts";

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
  const expected = new Tally(blocks, first);
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
      expected.add(decodeRow(row).entries);
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
  if (!expected.isIn(Tally.of(db, blocks, first))) rebuild(db, blocks);
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
    blocks.forget();
    for (const row of blocks.allAfter(0)) {
      for (const entry of decodeRow(row).entries) {
        blocks.topics.add(entry);
        if (isNamed(entry)) blocks.names.add(entry);
      }
    }
  }).immediate();
}

/** Sums up what finds events from the first one on, in whatever order: what finds earlier ones may be there still. */
class Tally {
  readonly #blocks: Blocks;
  readonly #first: number;
  #count = 0;
  #sum = 0n;
  /** The rows of the topics that were met: an event of many shares them. */
  readonly #topicRows = new Set<string>();
  /** Those of the segment of the first event: there may be others, of events before it. */
  readonly #firstTopicRows = new Set<string>();

  constructor(blocks: Blocks, first: number) {
    this.#blocks = blocks;
    this.#first = first;
  }

  /** That of the tables. */
  static of(db: Database, blocks: Blocks, first: number): Tally {
    const tally = new Tally(blocks, first);
    const topics = db.prepare<{ name: string; segment: number }, [number]>(
      "SELECT name, segment FROM topic WHERE segment >= ?",
    );
    for (const { name, segment } of topics.iterate(segmentOf(first))) tally.#addTopic(name, segment);
    topics.finalize();
    const names = db.prepare<{ position: number; key: Uint8Array }, [number]>(
      "SELECT position, key FROM name WHERE position >= ?",
    );
    for (const { position, key } of names.iterate(first)) tally.#addName(position, key);
    names.finalize();
    return tally;
  }

  /** What the tables should have for these events. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.position < this.#first) continue;
      const segment = segmentOf(entry.position);
      for (const name of topicNamesOf(entry)) this.#addTopic(name, segment);
      if (isNamed(entry)) this.#addName(entry.position, this.#blocks.names.keyOf(entry));
    }
  }

  /** Whether the tables have this, and nothing else. */
  isIn(tables: Tally): boolean {
    return (
      this.#count === tables.#count &&
      this.#sum === tables.#sum &&
      this.#firstTopicRows.isSubsetOf(tables.#firstTopicRows)
    );
  }

  #addTopic(name: string, segment: number): void {
    const row = `${segment} ${name}`;
    if (segment === segmentOf(this.#first)) {
      this.#firstTopicRows.add(row);
    } else if (!this.#topicRows.has(row)) {
      this.#topicRows.add(row);
      this.#addText(row);
    }
  }

  #addName(position: number, key: Uint8Array): void {
    this.#addText(`${position} ${Buffer.from(key).toString("latin1")}`);
  }

  #addText(text: string): void {
    this.#count++;
    this.#sum ^= Bun.hash.xxHash64(text);
  }
}
