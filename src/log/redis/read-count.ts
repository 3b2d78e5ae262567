import type { StreamEntry } from "./stream-entries.ts";

/** One read brings some more than this, in bytes, at most: with a slow line to Redis, too, it comes before its deadline. */
const READ_BYTES = 1024 * 1024;
/** So many blocks are read while nobody knows how large they are. */
const FIRST = 4;

/** How many blocks to read at once. A block has many small events, or a large one: so it goes by those read last. */
export class ReadCount {
  readonly #most: number;
  #next: number;

  /** @param most so many are read, when they are small. */
  constructor(most: number) {
    this.#most = most;
    this.#next = Math.min(FIRST, most);
  }

  get next(): number {
    return this.#next;
  }

  /** Takes note of what was read. */
  read(blocks: readonly Pick<StreamEntry["block"], "size">[]): void {
    if (blocks.length === 0) return;
    const bytes = blocks.reduce((sum, { size }) => sum + size, 0);
    this.#next = Math.max(1, Math.min(this.#most, Math.floor((READ_BYTES * blocks.length) / bytes)));
  }
}
