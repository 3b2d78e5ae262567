import { type Entry, isNamed } from "../entry.ts";
import { NamedEntries } from "../named-entries.ts";
import { RecentEntries } from "../recent-entries.ts";
import type { MayRead } from "../store.ts";

/** The newest entries that a node has followed, without a gap, in memory. */
export class FollowedEntries {
  #recent = new RecentEntries();
  #named = new NamedEntries();

  /** The position of the oldest; undefined when there is none. */
  get earliest(): number | undefined {
    return this.#recent.earliest?.position;
  }

  at(position: number): Entry | undefined {
    return this.#recent.at(position);
  }

  /** Up to `limit` entries after the position, oldest first. */
  read(after: number, limit: number): readonly Entry[] {
    return this.#recent.read(after, limit);
  }

  /** The position of the oldest entry with this id that the reader may read. */
  locate(id: string, mayRead: MayRead): number | undefined {
    return this.#named.locate(id, mayRead);
  }

  /** Adds the newest. If it does not follow on the one before, all before it goes. */
  push(entry: Entry): void {
    const { earliest } = this;
    if (earliest !== undefined && entry.position !== earliest + this.#recent.count) this.clear();
    this.#recent.push(entry);
    if (isNamed(entry)) this.#named.add(entry);
  }

  /** Puts an entry in the place of the one at its position. */
  replace(entry: Entry): void {
    this.#recent.replace(entry);
    if (isNamed(entry)) this.#named.replace(entry);
  }

  removeBefore(position: number): void {
    for (let oldest = this.#recent.earliest; oldest; oldest = this.#recent.earliest) {
      if (oldest.position >= position) break;
      if (isNamed(oldest)) this.#named.remove(oldest);
      this.#recent.shift();
    }
  }

  removeAfter(position: number): void {
    const kept = this.#recent.read(0, this.#recent.count).filter((entry) => entry.position <= position);
    this.clear();
    for (const entry of kept) this.push(entry);
  }

  clear(): void {
    this.#recent = new RecentEntries();
    this.#named = new NamedEntries();
  }
}
