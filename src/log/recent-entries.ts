import { type Entry, sizeInMemory } from "./entry.ts";

/** Gone slots at the front are given back when they are as many as this, and half of all. */
const COMPACT_AT = 1024;

/** Consecutive events in memory: new ones come at the end, old ones go at the front. */
export class RecentEntries {
  /** What they cost to keep, in bytes. */
  bytes = 0;
  #entries: Entry[] = [];
  #first = 0;

  get earliest(): Entry | undefined {
    return this.#entries[this.#first];
  }

  get count(): number {
    return this.#entries.length - this.#first;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.bytes += sizeInMemory(entry);
  }

  /** Drops the earliest. */
  shift(): void {
    const { earliest } = this;
    if (!earliest) return;
    this.bytes -= sizeInMemory(earliest);
    this.#first++;
    if (this.#first >= COMPACT_AT && this.#first * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Drops all that come after the position. */
  dropAfter(position: number): void {
    for (let last = this.#entries.at(-1); last && last.position > position; last = this.#entries.at(-1)) {
      if (this.count === 0) break;
      this.bytes -= sizeInMemory(last);
      this.#entries.pop();
    }
  }

  /** Puts an entry in the place of the one at its position. */
  replace(entry: Entry): void {
    const before = this.at(entry.position);
    if (!before) return;
    this.bytes += sizeInMemory(entry) - sizeInMemory(before);
    this.#entries[this.#first + entry.position - (this.earliest?.position ?? 0)] = entry;
  }

  at(position: number): Entry | undefined {
    const { earliest } = this;
    // Before the earliest there may still be some that are gone.
    if (!earliest || position < earliest.position) return undefined;
    return this.#entries[this.#first + position - earliest.position];
  }

  /** Up to `limit` events after the position, oldest first. */
  read(after: number, limit: number): readonly Entry[] {
    const { earliest } = this;
    if (!earliest) return [];
    const start = this.#first + Math.max(0, after + 1 - earliest.position);
    return this.#entries.slice(start, start + limit);
  }
}
