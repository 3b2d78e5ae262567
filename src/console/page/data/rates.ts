import { signal } from "@preact/signals";
import type { TallyCounts } from "../../../protocol/console-feed.ts";

/** Rates are means over this many ticks, a second each: steady enough to read, quick enough to follow. */
const MEAN_TICKS = 5;
/** A name that was not met for this many ticks is no longer listed. */
const MAX_ABSENT_TICKS = 60;

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
  idle: number;
}

/** How often each name comes. */
export class Rates {
  readonly list = signal<readonly Rate[]>([]);
  readonly distinct = signal(0);
  readonly #names = new Map<string, Counted>();

  /** Takes the counts of so many seconds. */
  add({ top, distinct }: TallyCounts, seconds: number): void {
    const counts = new Map(top);
    for (const name of counts.keys()) {
      if (!this.#names.has(name)) this.#names.set(name, { total: 0, recent: [], idle: 0 });
    }
    for (const [name, counted] of this.#names) {
      const count = counts.get(name) ?? 0;
      counted.total += count;
      counted.recent.push(count / seconds);
      if (counted.recent.length > MEAN_TICKS) counted.recent.shift();
      counted.idle = count > 0 ? 0 : counted.idle + 1;
      if (counted.idle > MAX_ABSENT_TICKS) this.#names.delete(name);
    }
    this.distinct.value = Math.max(distinct, this.#names.size);
    this.list.value = [...this.#names]
      .map(([name, { total, recent }]) => ({ name, total, rate: sum(recent) / recent.length }))
      .sort((a, b) => b.rate - a.rate || b.total - a.total || (a.name < b.name ? -1 : 1));
  }
}

export const typeRates = new Rates();
export const topicRates = new Rates();

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
