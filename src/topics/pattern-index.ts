import { prefixOf } from "./topic.ts";

/**
 * What is filed under topic patterns, found by a topic. A search looks up the topic and its
 * beginnings, so it takes no longer for many patterns than for a few.
 */
export class PatternIndex<T> {
  readonly #byName = new Map<string, Set<T>>();
  readonly #byPrefix = new Map<string, Set<T>>();
  /** How many prefixes there are of each length: only beginnings as long as one are looked up. */
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

  /** Calls `found` with what is filed under each pattern that the topic matches. */
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

/** True if nothing was filed there before. */
function file<T>(drawer: Map<string, Set<T>>, name: string, item: T): boolean {
  const there = drawer.get(name);
  if (there) there.add(item);
  else drawer.set(name, new Set([item]));
  return !there;
}

/** True if nothing is left there. */
function unfile<T>(drawer: Map<string, Set<T>>, name: string, item: T): boolean {
  const there = drawer.get(name);
  if (!there?.delete(item) || there.size > 0) return false;
  drawer.delete(name);
  return true;
}
