import type { CountChanged, Counts } from "./nodes.ts";

type Entries = readonly (readonly [key: string, count: number])[];

/** Numbers by key, this node's own and those of the others. */
export class SharedCounts implements Counts {
  readonly #changed: CountChanged;
  readonly #own = new Map<string, number>();
  #changes = new Map<string, number>();
  readonly #byNode = new Map<string, Map<string, number>>();
  readonly #elsewhere = new Map<string, number>();
  #totalElsewhere = 0;

  /** @param changed is told whenever others have more or fewer of a key. */
  constructor(changed: CountChanged) {
    this.#changed = changed;
  }

  get totalElsewhere(): number {
    return this.#totalElsewhere;
  }

  elsewhere(key: string): number {
    return this.#elsewhere.get(key) ?? 0;
  }

  add(key: string, difference: number): void {
    change(this.#own, key, difference);
    change(this.#changes, key, difference);
  }

  /** All that this node has. */
  own(): [string, number][] {
    return [...this.#own];
  }

  /** What has changed since the last time. */
  takeChanges(): [string, number][] {
    if (this.#changes.size === 0) return [];
    const changes = [...this.#changes];
    this.#changes = new Map();
    return changes;
  }

  /** Another node tells what has changed, or all that it has. */
  heard(node: string, entries: Entries, all: boolean): void {
    if (all) this.forget(node);
    const counts = this.#byNode.get(node) ?? new Map<string, number>();
    this.#byNode.set(node, counts);
    for (const [key, difference] of entries) {
      change(counts, key, difference);
      this.#changeElsewhere(key, difference);
    }
  }

  /**
   * What another node had is no more.
   *
   * @param silentFor for how long nothing was heard of it, in ms.
   */
  forget(node: string, silentFor = 0): void {
    for (const [key, count] of this.#byNode.get(node) ?? []) this.#changeElsewhere(key, -count, silentFor);
    this.#byNode.delete(node);
  }

  #changeElsewhere(key: string, difference: number, silentFor = 0): void {
    this.#totalElsewhere += difference;
    this.#changed(key, change(this.#elsewhere, key, difference), silentFor);
  }
}

function change(counts: Map<string, number>, key: string, difference: number): number {
  const count = (counts.get(key) ?? 0) + difference;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
  return count;
}
