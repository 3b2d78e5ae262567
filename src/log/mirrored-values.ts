import {
  type CurrentBounds,
  type CurrentReader,
  type CurrentStretch,
  type CurrentValue,
  CurrentValues,
} from "./current-values.ts";
import type { Entry } from "./entry.ts";

/**
 * The current values of a log that is kept elsewhere, as one of its nodes has followed it. They are the same
 * as there, or newer: what replaced a value comes later in the log. Whoever keeps the log drops the oldest.
 */
export class MirroredValues implements CurrentReader {
  readonly bounds: CurrentBounds;
  dropped = 0;
  readonly #values = new CurrentValues({
    values: Number.POSITIVE_INFINITY,
    bytes: Number.POSITIVE_INFINITY,
  });

  /** @param bounds those of whoever keeps the log. */
  constructor(bounds: CurrentBounds) {
    this.bounds = bounds;
  }

  get count(): number {
    return this.#values.count;
  }

  get bytes(): number {
    return this.#values.bytes;
  }

  read(after: number, upTo: number, limit: number): CurrentStretch {
    return this.#values.read(after, upTo, limit);
  }

  locate(id: string, isMeant: (entry: Entry) => boolean): number | undefined {
    return this.#values.locate(id, isMeant);
  }

  get(type: string, topic: string | undefined): Entry | undefined {
    return this.#values.get(type, topic);
  }

  /** Takes events that have been kept, with positions after those before. */
  keep(entries: readonly Entry[]): void {
    if (entries.some(({ retain }) => retain)) this.#values.keep(entries);
  }

  /** Begins with these, oldest first, and forgets all others. */
  load(values: readonly CurrentValue[]): void {
    this.#values.load(values);
  }

  clear(type: string, topic: string | undefined): void {
    this.#values.clear(type, topic);
  }

  erase(position: number): void {
    this.#values.erase(position);
  }

  /** All values before the position have gone, because a bound was passed. `dropped` have by now. */
  dropBefore(position: number, dropped: number): void {
    this.dropped = dropped;
    this.#values.dropBefore(position);
  }
}
