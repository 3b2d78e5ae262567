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

/** The drawers whose prefixes have the same complete parts, and differ in the beginning of the next part. */
interface Folder {
  /** How many drawers of each width there are, by the length of their prefixes. */
  readonly levels: Map<number, Map<number, number>>;
  /** Of the widest drawer of each length, together: no key opens more. */
  width: number;
}

/**
 * So crowded an index may be. Whoever takes patterns from others refuses more: each would cost every search, and
 * all of them together milliseconds.
 */
export const MAX_CROWD = 2048;
/** A drawer or folder may be so wide before it counts as crowded: some ten patterns as they are usual. */
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
  readonly #folders = new Map<string, Folder>();
  readonly #drawers = new Map<Filed<T>, Drawer<T>>();
  /** How much wider than they should be the folders and the drawers of words are, all together. */
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
    count(this.#lengths, prefix.length, -1);
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
    count(this.#lengths, prefix.length, 1);
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
    const { prefix, width: before } = drawer;
    drawer.width += change;
    if (prefix === undefined) this.#crowd += excess(drawer.width) - excess(before);
    else this.#widenFolder(prefix, before, drawer.width);
  }

  /** Prefixes that begin each other are opened by one key, all of them. */
  #widenFolder(prefix: string, before: number, after: number): void {
    const name = prefix.slice(0, endOfParts(prefix));
    const folder = this.#folders.get(name) ?? { levels: new Map(), width: 0 };
    const widths = folder.levels.get(prefix.length) ?? new Map<number, number>();
    const widest = Math.max(0, ...widths.keys());
    if (before > 0) count(widths, before, -1);
    if (after > 0) count(widths, after, 1);
    const change = Math.max(0, ...widths.keys()) - widest;
    this.#crowd += excess(folder.width + change) - excess(folder.width);
    folder.width += change;
    if (widths.size > 0) folder.levels.set(prefix.length, widths);
    else folder.levels.delete(prefix.length);
    if (folder.levels.size > 0) this.#folders.set(name, folder);
    else this.#folders.delete(name);
  }
}

function excess(width: number): number {
  return Math.max(0, width - FREE_WIDTH);
}

/** Where the last complete part of a prefix ends. */
function endOfParts(prefix: string): number {
  return Math.max(prefix.lastIndexOf("/"), prefix.lastIndexOf("\n")) + 1;
}

function count(counts: Map<number, number>, key: number, change: number): void {
  const sum = (counts.get(key) ?? 0) + change;
  if (sum > 0) counts.set(key, sum);
  else counts.delete(key);
}
