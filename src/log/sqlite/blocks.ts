import type { Database, Statement } from "bun:sqlite";
import { type Block, blocksOf, DamagedBlock, decodeBlock, encodeBlock } from "../block.ts";
import type { Entry } from "../entry.ts";
import { isNamed, NameIndex } from "./name-index.ts";
import { namesOf, TopicIndex } from "./topic-index.ts";

/** What the rows of a block, a topic and a name take in the file besides their texts, in bytes, roughly. */
const BLOCK_BYTES = 40;
const TOPIC_BYTES = 24;
const NAME_BYTES = 64;

/** A row of the block table. */
export interface BlockRow {
  readonly last: number;
  readonly count: number;
  readonly text: string;
}

const COLUMNS = "last, count, text";

/** The blocks of a file, and what finds them. */
export class Blocks {
  readonly topics: TopicIndex;
  readonly names: NameIndex;
  readonly #insert: Statement<unknown, [number, number, number, number, string]>;
  readonly #replace: Statement<unknown, [string, number]>;
  readonly #deleteBlock: Statement<unknown, [number]>;
  readonly #after: Statement<BlockRow, [number]>;

  constructor(db: Database) {
    this.topics = new TopicIndex(db);
    this.names = new NameIndex(db);
    this.#insert = db.prepare("INSERT INTO block VALUES (?, ?, ?, ?, ?)");
    this.#replace = db.prepare("UPDATE block SET text = ? WHERE last = ?");
    this.#deleteBlock = db.prepare("DELETE FROM block WHERE last = ?");
    this.#after = db.prepare(`SELECT ${COLUMNS} FROM block WHERE last > ? ORDER BY last`);
  }

  /** Adds the events, a block a step; answers what they take, in bytes. */
  *add(entries: readonly Entry[]): Generator<void, number, void> {
    let bytes = 0;
    for (const block of blocksOf(entries)) {
      const text = encodeBlock(block);
      const size = sizeOf(block, text);
      this.#insert.run(block.last, block.entries.length, size, block.keptAt, text);
      this.topics.add(block.entries, block.last);
      for (const entry of block.entries) this.names.add(entry);
      bytes += size;
      yield;
    }
    return bytes;
  }

  /** Puts an entry in the place of the one at its position. */
  replace(entry: Entry): void {
    const row = this.after(entry.position - 1);
    if (!row) return;
    const block = decodeRow(row);
    const entries = block.entries.map((each) => (each.position === entry.position ? entry : each));
    this.#replace.run(encodeBlock({ ...block, entries }), block.last);
  }

  /** Deletes a block, and what finds it in so far as the block can be read. */
  delete(row: BlockRow): void {
    try {
      const { entries } = decodeRow(row);
      this.topics.remove(entries, row.last);
      for (const entry of entries) this.names.remove(entry);
    } catch (error) {
      if (!(error instanceof DamagedBlock)) throw error;
    }
    this.#deleteBlock.run(row.last);
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

function sizeOf({ entries }: Block, text: string): number {
  let size = BLOCK_BYTES + Buffer.byteLength(text);
  for (const name of namesOf(entries)) size += TOPIC_BYTES + name.length;
  for (const entry of entries) if (isNamed(entry)) size += NAME_BYTES;
  return size;
}
