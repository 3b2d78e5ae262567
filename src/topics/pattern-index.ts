import { exactName, isDeep, isMatcherText, keyOf, matcherOf } from "./matcher.ts";
import { type Filed, MatcherIndex } from "./matcher-index.ts";
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
  /** By the URL that they are relative to. */
  readonly #matchers = new Map<string | undefined, MatcherIndex<T>>();
  readonly #filed = new Map<string, Filed<T>>();

  add(pattern: string, item: T): void {
    const name = exactName(pattern);
    if (name !== undefined) {
      file(this.#byName, name, item);
      return;
    }
    if (isMatcherText(pattern)) {
      this.#addMatcher(pattern, item);
      return;
    }
    const prefix = prefixOf(pattern);
    const isNew =
      prefix === undefined ? file(this.#byName, pattern, item) : file(this.#byPrefix, prefix, item);
    if (isNew && prefix !== undefined) this.#count(prefix.length, 1);
  }

  remove(pattern: string, item: T): void {
    const name = exactName(pattern);
    if (name !== undefined) {
      unfile(this.#byName, name, item);
      return;
    }
    if (isMatcherText(pattern)) {
      this.#removeMatcher(pattern, item);
      return;
    }
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
    if (this.#matchers.size === 0 || isDeep(topic)) return;
    for (const [base, matchers] of this.#matchers) {
      const key = keyOf(topic, base);
      if (key === undefined) continue;
      matchers.find(key, ({ matcher, items }) => {
        if (matcher.test(key)) items.forEach(found);
      });
    }
  }

  #addMatcher(pattern: string, item: T): void {
    let filed = this.#filed.get(pattern);
    if (!filed) {
      filed = { matcher: matcherOf(pattern), items: new Set() };
      const { base } = filed.matcher;
      const matchers = this.#matchers.get(base) ?? new MatcherIndex<T>();
      matchers.add(filed);
      this.#matchers.set(base, matchers);
      this.#filed.set(pattern, filed);
    }
    filed.items.add(item);
  }

  #removeMatcher(pattern: string, item: T): void {
    const filed = this.#filed.get(pattern);
    if (!filed?.items.delete(item) || filed.items.size > 0) return;
    const { base } = filed.matcher;
    const matchers = this.#matchers.get(base);
    matchers?.remove(filed);
    this.#filed.delete(pattern);
    if (matchers?.isEmpty) this.#matchers.delete(base);
  }

  /** How crowded the matchers are: what a search may have to look at, at most, beyond a few of them. */
  get crowd(): number {
    let crowd = 0;
    for (const matchers of this.#matchers.values()) crowd += matchers.crowd;
    return crowd;
  }

  get isEmpty(): boolean {
    return this.#byName.size === 0 && this.#byPrefix.size === 0 && this.#filed.size === 0;
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
