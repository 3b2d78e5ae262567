import type { Database, Statement } from "bun:sqlite";
import { type Block, blocksOf, DamagedBlock, decodeBlock, encodeBlock } from "../block.ts";
import { type Entry, erasedEntry, isNamed } from "../entry.ts";
import { NameIndex } from "./name-index.ts";
import { TopicIndex } from "./topic-index.ts";

/** What the rows of a block, a topic and an id take in the file besides the block's text, in bytes, roughly. */
const BLOCK_BYTES = 40;
const TOPIC_BYTES = 16;
const NAME_BYTES = 48;

/** A row of the block table. */
export interface BlockRow {
  readonly last: number;
  readonly count: number;
  readonly text: string;
}

/** The blocks of a file, and what finds them. */
export class Blocks {
  readonly topics: TopicIndex;
  readonly names: NameIndex;
  readonly #insert: Statement<unknown, [number, number, number, number, string]>;
  readonly #replace: Statement<unknown, [string, number]>;
  readonly #delete: Statement<unknown, [number]>;
  readonly #after: Statement<BlockRow, [number]>;

  constructor(db: Database) {
    this.topics = new TopicIndex(db);
    this.names = new NameIndex(db);
    this.#insert = db.prepare("INSERT INTO block VALUES (?, ?, ?, ?, ?)");
    this.#replace = db.prepare("UPDATE block SET text = ? WHERE last = ?");
    this.#delete = db.prepare("DELETE FROM block WHERE last < ?");
    this.#after = db.prepare("SELECT last, count, text FROM block WHERE last > ? ORDER BY last");
  }

  /** Adds the events, a block a step; answers what they take, in bytes. */
  *add(entries: readonly Entry[]): Generator<void, number, void> {
    let bytes = 0;
    for (const block of blocksOf(entries)) {
      const text = encodeBlock(block);
      let size = BLOCK_BYTES + Buffer.byteLength(text);
      for (const entry of block.entries) {
        this.topics.add(entry);
        size += TOPIC_BYTES * entry.topics.length;
        if (!isNamed(entry)) continue;
        this.names.add(entry);
        size += NAME_BYTES;
      }
      this.#insert.run(block.last, block.entries.length, size, block.keptAt, text);
      bytes += size;
      yield;
    }
    return bytes;
  }

  /** Erases the data of the event at a position, if it is there. */
  erase(position: number): void {
    const row = this.after(position - 1);
    if (!row || row.last - row.count >= position) return;
    const block = decodeRow(row);
    const entries = block.entries.map((each) => (each.position === position ? erasedEntry(each) : each));
    this.#replace.run(encodeBlock({ ...block, entries }), block.last);
  }

  /** Deletes the blocks that end before this position, and what finds events before it. */
  deleteBefore(position: number): void {
    this.#delete.run(position);
    this.names.dropBefore(position);
    this.topics.dropBefore(position);
  }

  /** What was added or deleted since the last commit is as it was before. */
  forget(): void {
    this.names.forget();
    this.topics.forget();
  }

  /** The block with the event after this position, or the next one. */
  after(position: number): BlockRow | undefined {
    return this.#after.get(position) ?? undefined;
  }

  /** All blocks that have events after this position, oldest first. */
  allAfter(position: number): IterableIterator<BlockRow> {
    return this.#after.iterate(position);
  }
}

/** The block of a row. @throws DamagedBlock when it is not the one of that row; NewerBlock. */
export function decodeRow({ last, count, text }: BlockRow): Block {
  const block = decodeBlock(text);
  if (block.last !== last || block.entries.length !== count) throw new DamagedBlock("it is another block");
  return block;
}
