import type { Entry } from "../entry.ts";
import { type BlockRow, decodeRow } from "./blocks.ts";

/** So much text of blocks that were read lately stays decoded, in characters. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** Blocks that were read lately: those that were cut off together come back together. */
export class BlockCache {
  /** By their last positions, the one that was used longest ago first. */
  readonly #blocks = new Map<number, { readonly entries: readonly Entry[]; readonly length: number }>();
  #length = 0;

  /** The events of a row. @throws DamagedBlock; NewerBlock. */
  entriesOf(row: BlockRow): readonly Entry[] {
    const known = this.#blocks.get(row.last);
    if (known) {
      this.#blocks.delete(row.last);
      this.#blocks.set(row.last, known);
      return known.entries;
    }
    const { entries } = decodeRow(row);
    this.#blocks.set(row.last, { entries, length: row.text.length });
    this.#length += row.text.length;
    for (const [last, { length }] of this.#blocks) {
      if (this.#length <= MAX_LENGTH) break;
      this.#blocks.delete(last);
      this.#length -= length;
    }
    return entries;
  }

  clear(): void {
    this.#blocks.clear();
    this.#length = 0;
  }
}
