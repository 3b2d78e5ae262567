import { signal } from "@preact/signals";
import type { TallyCounts } from "../../../protocol/console-feed.ts";

/** Rates are means over this many ticks, a second each: steady enough to read, quick enough to follow. */
const MEAN_TICKS = 5;
/** The most names. Beyond them, those that were not met for the longest are no longer listed. */
export const MAX_NAMES = 500;

export interface Rate {
  readonly name: string;
  /** Events a second. */
  readonly rate: number;
  /** All events since the page was opened. */
  readonly total: number;
}

interface Counted {
  total: number;
  recent: number[];
}

/** How often each name comes. */
export class Rates {
  /** By name. */
  readonly list = signal<readonly Rate[]>([]);
  readonly distinct = signal(0);
  /** The one that was met last is the last. */
  readonly #names = new Map<string, Counted>();

  /** Lists names that came before the page was opened. */
  meet(names: Iterable<string>): void {
    for (const name of names) this.#meet(name);
    this.#show(0);
  }

  /** Takes the counts of so many seconds. */
  add({ top, distinct }: TallyCounts, seconds: number): void {
    const counts = new Map(top);
    for (const name of counts.keys()) this.#meet(name);
    for (const [name, counted] of this.#names) {
      const count = counts.get(name) ?? 0;
      counted.total += count;
      counted.recent.push(count / seconds);
      if (counted.recent.length > MEAN_TICKS) counted.recent.shift();
    }
    this.#show(distinct);
  }

  #meet(name: string): void {
    const counted = this.#names.get(name) ?? { total: 0, recent: [] };
    this.#names.delete(name);
    this.#names.set(name, counted);
    for (const first of this.#names.keys()) {
      if (this.#names.size <= MAX_NAMES) break;
      this.#names.delete(first);
    }
  }

  #show(distinct: number): void {
    this.distinct.value = Math.max(distinct, this.#names.size);
    this.list.value = [...this.#names]
      .map(([name, { total, recent }]) => ({ name, total, rate: sum(recent) / (recent.length || 1) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** Names that begin alike are shown together from this number on. */
const MIN_GROUP = 5;

/** A name, or a group of them. */
export interface Row extends Rate {
  /** What the filter is set to: the name, or `prefix*`. */
  readonly filter: string;
  /** How many names it stands for. */
  readonly names: number;
}

export type Order = "name" | "rate";

/**
 * The rows of a list: names, and where many begin alike up to their first `/`, one row for all of them. A
 * search shows the names themselves.
 */
export function rowsOf(list: readonly Rate[], search: string, order: Order): readonly Row[] {
  const wanted = search.trim().toLowerCase();
  const found = list.filter(({ name }) => name.toLowerCase().includes(wanted));
  const groups = wanted === "" ? groupsOf(found) : new Map<string, Rate[]>();
  const rows: Row[] = [];
  for (const one of found) {
    const group = groups.get(prefixOf(one.name));
    if (!group) rows.push({ ...one, filter: one.name, names: 1 });
    else if (group[0] === one) {
      const name = `${prefixOf(one.name)}*`;
      const rate = sum(group.map((each) => each.rate));
      rows.push({
        name,
        filter: name,
        rate,
        total: sum(group.map(({ total }) => total)),
        names: group.length,
      });
    }
  }
  return order === "name" ? rows : rows.sort((a, b) => b.rate - a.rate || b.total - a.total);
}

/** The groups that are large enough, by their prefix. */
function groupsOf(list: readonly Rate[]): Map<string, Rate[]> {
  const groups = new Map<string, Rate[]>();
  for (const one of list) {
    const prefix = prefixOf(one.name);
    if (prefix === "") continue;
    const group = groups.get(prefix);
    if (group) group.push(one);
    else groups.set(prefix, [one]);
  }
  for (const [prefix, group] of groups) if (group.length < MIN_GROUP) groups.delete(prefix);
  return groups;
}

function prefixOf(name: string): string {
  return name.slice(0, name.indexOf("/") + 1);
}

export const typeRates = new Rates();
export const topicRates = new Rates();

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
