/** The name under which all are counted for whom there was no room. */
export const OTHER = "other";

/** Counts by name, of which there are no more than so many: metrics must not grow with what strangers send. */
export class BoundedCounts {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  add(name: string): void {
    const known = this.#counts.get(name);
    const counted = known !== undefined || this.#counts.size < this.#max ? name : OTHER;
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
  }

  [Symbol.iterator](): Iterator<[name: string, count: number]> {
    return this.#counts.entries();
  }
}
