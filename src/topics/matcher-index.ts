import { eachWord } from "./automaton.ts";
import type { Matcher } from "./matcher.ts";

/** The items under one matcher. */
export interface Filed<T> {
  readonly matcher: Matcher;
  readonly items: Set<T>;
}

/** Matchers that are tried together. */
interface Drawer<T> {
  readonly prefix: string | undefined;
  readonly word: string | undefined;
  readonly filed: Set<Filed<T>>;
  /** Of all in it, together. */
  width: number;
  /** The search that opened it last: a key may have its word twice. */
  openedBy: number;
}

/** A drawer may be so wide before it counts as crowded: some ten patterns as they are usual. */
const FREE_WIDTH = 256;

/**
 * Matchers whose keys are alike. Each is filed under one word that its keys have, or under what they begin with:
 * in the drawer where the least are. Only the drawers of a key's own words and beginnings are opened.
 */
export class MatcherIndex<T> {
  readonly #byWord = new Map<string, Drawer<T>>();
  readonly #byPrefix = new Map<string, Drawer<T>>();
  /** The number of prefixes of each length. */
  readonly #lengths = new Map<number, number>();
  readonly #drawers = new Map<Filed<T>, Drawer<T>>();
  /** How much wider than they should be the drawers are, all together. */
  #crowd = 0;
  #searches = 0;

  get crowd(): number {
    return this.#crowd;
  }

  get isEmpty(): boolean {
    return this.#drawers.size === 0;
  }

  add(filed: Filed<T>): void {
    const drawer = this.#bestFor(filed.matcher);
    drawer.filed.add(filed);
    this.#drawers.set(filed, drawer);
    this.#widen(drawer, filed.matcher.width);
  }

  remove(filed: Filed<T>): void {
    const drawer = this.#drawers.get(filed);
    if (!drawer) return;
    this.#drawers.delete(filed);
    drawer.filed.delete(filed);
    this.#widen(drawer, -filed.matcher.width);
    if (drawer.filed.size > 0) return;
    const { word, prefix } = drawer;
    if (word !== undefined) this.#byWord.delete(word);
    if (prefix === undefined) return;
    this.#byPrefix.delete(prefix);
    const count = (this.#lengths.get(prefix.length) ?? 0) - 1;
    if (count > 0) this.#lengths.set(prefix.length, count);
    else this.#lengths.delete(prefix.length);
  }

  /** Calls back with all that are to be tried for a key. */
  find(key: string, tried: (filed: Filed<T>) => void): void {
    for (const length of this.#lengths.keys()) {
      if (length <= key.length) this.#byPrefix.get(key.slice(0, length))?.filed.forEach(tried);
    }
    if (this.#byWord.size === 0) return;
    const search = ++this.#searches;
    eachWord(key, (word) => {
      const drawer = this.#byWord.get(word);
      if (!drawer || drawer.openedBy === search) return;
      drawer.openedBy = search;
      drawer.filed.forEach(tried);
    });
  }

  #bestFor({ words, prefix }: Matcher): Drawer<T> {
    let best: string | undefined;
    // The rest of an address tells more than its beginning.
    let least = this.#byPrefix.get(prefix)?.width ?? (prefix === "" ? FREE_WIDTH : 0);
    if (words.length > 0 && least > 0) {
      for (const word of words.toReversed()) {
        const width = this.#byWord.get(word)?.width ?? 0;
        if (width >= least) continue;
        least = width;
        best = word;
      }
    }
    return best === undefined ? this.#ofPrefix(prefix) : this.#ofWord(best);
  }

  #ofPrefix(prefix: string): Drawer<T> {
    const present = this.#byPrefix.get(prefix);
    if (present) return present;
    const drawer: Drawer<T> = { prefix, word: undefined, filed: new Set(), width: 0, openedBy: 0 };
    this.#byPrefix.set(prefix, drawer);
    this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
    return drawer;
  }

  #ofWord(word: string): Drawer<T> {
    const present = this.#byWord.get(word);
    if (present) return present;
    const drawer: Drawer<T> = { prefix: undefined, word, filed: new Set(), width: 0, openedBy: 0 };
    this.#byWord.set(word, drawer);
    return drawer;
  }

  #widen(drawer: Drawer<T>, change: number): void {
    const before = Math.max(0, drawer.width - FREE_WIDTH);
    drawer.width += change;
    this.#crowd += Math.max(0, drawer.width - FREE_WIDTH) - before;
  }
}
