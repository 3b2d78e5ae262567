/** Counts values by size, in plain numbers: cheap to add to, and read when somebody asks. */
export class Histogram {
  /** The largest value that each bucket takes, ascending; what is larger only counts in all. */
  readonly bounds: readonly number[];
  /** How many values each bucket took by itself. */
  readonly counts: number[];
  count = 0;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.count++;
    this.sum += value;
    const bucket = this.bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }
}
