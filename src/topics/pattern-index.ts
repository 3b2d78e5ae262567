import { prefixOf } from "./topic.ts";

/**
 * Items filed under topic patterns. A search for a topic looks up the topic and its beginnings, so it
 * takes no longer with many patterns than with a few.
 */
export class PatternIndex<T> {
  readonly #byName = new Map<string, Set<T>>();
  readonly #byPrefix = new Map<string, Set<T>>();
  /** The number of prefixes of each length. Only beginnings of these lengths are looked up. */
  readonly #lengths = new Map<number, number>();

  add(pattern: string, item: T): void {
    const prefix = prefixOf(pattern);
    const isNew =
      prefix === undefined ? file(this.#byName, pattern, item) : file(this.#byPrefix, prefix, item);
    if (isNew && prefix !== undefined) this.#count(prefix.length, 1);
  }

  remove(pattern: string, item: T): void {
    const prefix = prefixOf(pattern);
    const isLast =
      prefix === undefined ? unfile(this.#byName, pattern, item) : unfile(this.#byPrefix, prefix, item);
    if (isLast && prefix !== undefined) this.#count(prefix.length, -1);
  }

  /** Calls `found` with each item under a pattern that the topic matches; more than once if several match. */
  find(topic: string, found: (item: T) => void): void {
    this.#byName.get(topic)?.forEach(found);
    for (const length of this.#lengths.keys()) {
      if (length <= topic.length) this.#byPrefix.get(topic.slice(0, length))?.forEach(found);
    }
  }

  #count(length: number, change: number): void {
    const count = (this.#lengths.get(length) ?? 0) + change;
    if (count > 0) this.#lengths.set(length, count);
    else this.#lengths.delete(length);
  }
}

/** Files an item. True if the drawer is new. */
function file<T>(drawer: Map<string, Set<T>>, name: string, item: T): boolean {
  const there = drawer.get(name);
  if (there) there.add(item);
  else drawer.set(name, new Set([item]));
  return !there;
}

/** Removes an item. True if the drawer was emptied and removed. */
function unfile<T>(drawer: Map<string, Set<T>>, name: string, item: T): boolean {
  const there = drawer.get(name);
  if (!there?.delete(item) || there.size > 0) return false;
  drawer.delete(name);
  return true;
}
