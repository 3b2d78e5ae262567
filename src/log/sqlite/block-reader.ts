import { SQLiteError } from "bun:sqlite";
import { DamagedBlock } from "../block.ts";
import { type Entry, sizeInMemory } from "../entry.ts";
import type { Bounds, Stretch } from "../store.ts";
import type { BlockCache } from "./block-cache.ts";
import type { BlockRow, Blocks } from "./blocks.ts";
import type { Range } from "./check.ts";
import type { Segment } from "./topic-index.ts";

/** No more than this, or one block, is read from the file at once: nothing else runs meanwhile. */
const READ_LENGTH = 512 * 1024;
const READ_MS = 3;
/** How far a search for the next block that can be read goes on, in doubled steps of positions. */
const MAX_DOUBLINGS = 40;

/** Reads the blocks of a file, and knows which events in it can't be read. */
export class BlockReader {
  readonly #blocks: Blocks;
  readonly #cache: BlockCache;
  /** Oldest first. */
  #missing: Range[];
  readonly #damaged: (range: Range) => void;

  /** @param damaged is told of events that turn out not to be readable. */
  constructor(blocks: Blocks, cache: BlockCache, missing: readonly Range[], damaged: (range: Range) => void) {
    this.#blocks = blocks;
    this.#cache = cache;
    this.#missing = [...missing];
    this.#damaged = damaged;
  }

  /** How many of the events from first to last are missing. */
  countMissing(first: number, last: number): number {
    let count = 0;
    for (const { from, to } of this.#missing)
      count += Math.max(0, Math.min(to, last) + 1 - Math.max(from, first));
    return count;
  }

  /** The position after which there is something to read again, from this one on. */
  skipMissing(position: number): number {
    let after = position;
    for (const { from, to } of this.#missing) if (from <= after + 1 && to > after) after = to;
    return after;
  }

  dropBefore(first: number): void {
    while (this.#missing[0] && this.#missing[0].to < first) this.#missing.shift();
  }

  /** The next events after the position, up to the end, which is where what is in memory begins. */
  read(after: number, end: number, limit: number, topics?: readonly string[]): Stretch {
    const gap = this.#missing.find(({ from }) => from > after + 1);
    const stop = Math.min(end, (gap?.from ?? Number.POSITIVE_INFINITY) - 1);
    const entries: Entry[] = [];
    let upTo = after;
    try {
      const { rows, horizon } = this.#rows(after, topics);
      const until = performance.now() + READ_MS;
      let length = 0;
      let isFull = false;
      for (const row of rows) {
        if (row.last - row.count >= stop) break;
        const found = this.#entriesOf(row);
        if (!found) {
          const begin = row.last - row.count;
          if (begin > after || entries.length > 0) return { entries, upTo: begin };
          return { entries, upTo: row.last, missing: { from: after + 1, to: row.last } };
        }
        for (const entry of found) if (entry.position > after && entry.position <= stop) entries.push(entry);
        upTo = Math.min(row.last, stop);
        length += row.text.length;
        isFull = entries.length >= limit || length >= READ_LENGTH || performance.now() >= until;
        if (isFull) break;
      }
      if (!isFull) upTo = Math.max(upTo, Math.min(stop, horizon));
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      if (entries.length > 0) return { entries, upTo };
      return this.#skipUnreadable(after, stop);
    }
    if (entries.length <= limit) return { entries, upTo };
    entries.length = limit;
    return { entries, upTo: entries.at(-1)?.position ?? upTo };
  }

  /** The event at a position, if it can be read. */
  entryAt(position: number): Entry | undefined {
    try {
      const row = this.#blocks.after(position - 1);
      return row && this.#entriesOf(row)?.find((entry) => entry.position === position);
    } catch (error) {
      if (isCorrupt(error)) return undefined;
      throw error;
    }
  }

  /** The newest events from first to last, without a hole, as many as the bounds allow or a block more. */
  newest(first: number, last: number, bounds: Pick<Bounds, "events" | "bytes">): readonly Entry[] {
    const blocks: (readonly Entry[])[] = [];
    let count = 0;
    let bytes = 0;
    for (let position = last; position >= first && count < bounds.events && bytes < bounds.bytes; ) {
      const row = this.#blocks.after(position - 1);
      const entries = row?.last === position ? this.#entriesOf(row) : undefined;
      if (!row || !entries) break;
      blocks.push(entries);
      count += entries.length;
      for (const entry of entries) bytes += sizeInMemory(entry);
      position -= row.count;
    }
    return blocks
      .reverse()
      .flat()
      .filter(({ position }) => position >= first);
  }

  /** The rows that are to be read, and up to which position there are no others. */
  #rows(after: number, topics: readonly string[] | undefined): { rows: Iterable<BlockRow>; horizon: number } {
    const found = topics && this.#blocks.topics.find(topics, after);
    if (!found) return { rows: this.#blocks.allAfter(after), horizon: Number.POSITIVE_INFINITY };
    return { rows: this.#rowsOf(found.segments, after), horizon: found.upTo };
  }

  *#rowsOf(segments: readonly Segment[], after: number): Generator<BlockRow, void, void> {
    let position = after;
    for (const { from, to } of segments) {
      position = Math.max(position, from - 1);
      while (position < to) {
        const row = this.#blocks.after(position);
        if (!row) return;
        if (row.last - row.count >= to) break;
        yield row;
        position = row.last;
      }
    }
  }

  /** The events of a row; undefined when it is damaged, of which is told. */
  #entriesOf(row: BlockRow): readonly Entry[] | undefined {
    try {
      return this.#cache.entriesOf(row);
    } catch (error) {
      if (!(error instanceof DamagedBlock)) throw error;
      this.#foundDamage({ from: row.last + 1 - row.count, to: row.last });
      return undefined;
    }
  }

  /** SQLite can't read a page of the file: reading goes on with the next block that it can. */
  #skipUnreadable(after: number, stop: number): Stretch {
    let to = stop;
    for (let doublings = 0; doublings < MAX_DOUBLINGS && after + 2 ** doublings <= stop; doublings++) {
      try {
        const row = this.#blocks.after(after + 2 ** doublings);
        if (row) to = Math.min(stop, Math.max(after + 1, row.last - row.count));
        break;
      } catch (error) {
        if (!isCorrupt(error)) throw error;
      }
    }
    this.#foundDamage({ from: after + 1, to });
    return { entries: [], upTo: to, missing: { from: after + 1, to } };
  }

  #foundDamage(range: Range): void {
    if (this.#missing.some(({ from, to }) => from <= range.from && to >= range.to)) return;
    this.#missing.push(range);
    this.#missing.sort((a, b) => a.from - b.from);
    this.#damaged(range);
  }
}

function isCorrupt(error: unknown): boolean {
  return error instanceof SQLiteError && /CORRUPT|NOTADB|SHORT_READ/.test(error.code ?? "");
}
