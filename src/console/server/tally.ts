import type { TallyCounts } from "../../protocol/console-feed.ts";

/** How many names are told apart within one tally; those beyond are only counted. */
const MOST_NAMES = 10_000;
/** How many are listed. */
const MOST_LISTED = 50;

/** Counts names, in bounded memory. */
export class Tally {
  #counts = new Map<string, number>();

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count !== undefined) this.#counts.set(name, count + 1);
    else if (this.#counts.size < MOST_NAMES) this.#counts.set(name, 1);
  }

  /** What was counted since the last time. */
  take(): TallyCounts {
    const counts = this.#counts;
    this.#counts = new Map();
    const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_LISTED);
    return { top, distinct: counts.size };
  }
}
