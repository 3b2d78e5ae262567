/**
 * An event as a log has it. A publisher that asks again can have the same in two logs, of which one is lost:
 * the time when it was kept tells them apart.
 */
export interface Kept {
  readonly text: string;
  readonly id: string;
  readonly time: string;
}

export const keyOf = ({ text, time }: Kept): string => `${text} of ${time}`;

export const textOf = (key: string): string => key.slice(0, key.indexOf(" "));

/** A log, from its first event to the last one before it was erased, or before the test ended. */
export class Generation {
  readonly keys: readonly string[];
  readonly #byKey: ReadonlyMap<string, number>;
  readonly #byId: ReadonlyMap<string, number>;

  constructor(log: readonly Kept[]) {
    this.keys = log.map(keyOf);
    this.#byKey = new Map(this.keys.map((key, i) => [key, i]));
    this.#byId = new Map(log.map(({ id }, i) => [id, i]));
  }

  indexOf(kept: Kept): number | undefined {
    return this.#byKey.get(keyOf(kept));
  }

  /** Where a reader is that comes back with the id. */
  indexOfId(id: string): number | undefined {
    return this.#byId.get(id);
  }
}

/** One step of a reader, with no gap between. */
export interface Step {
  readonly before: Kept;
  readonly next: Kept;
  /** Whether it has come back between the two, with the id of the first. */
  readonly cameBack: boolean;
  /** What it was sent before. */
  readonly seen: ReadonlySet<string>;
}

/** What a step is: as promised, or by the id of an event that is lost and was published again; else what is wrong. */
export type Verdict = { readonly wrong: string } | { readonly passedOver: readonly string[] };

const AS_PROMISED: Verdict = { passedOver: [] };

export function judge({ before, next, cameBack, seen }: Step, generations: readonly Generation[]): Verdict {
  const isBeforeKept = generations.some((each) => each.indexOf(before) !== undefined);
  let wrong: string | undefined;
  for (const generation of generations) {
    const to = generation.indexOf(next);
    if (to === undefined) continue;
    const from = generation.indexOf(before);
    if (from === undefined) {
      const twin = generation.indexOfId(before.id);
      if (!cameBack || twin === undefined || to !== twin + 1) continue;
      // Its id is held again, at another place: by that alone no node can tell that this one is lost or erased.
      return { passedOver: generation.keys.slice(0, twin + 1).filter((key) => !seen.has(key)) };
    }
    // The sdk leaves out what it has yielded before.
    const between = generation.keys.slice(from + 1, Math.max(from + 1, to));
    if (to > from && between.every((key) => seen.has(key))) return AS_PROMISED;
    wrong =
      to > from ? `${between.length} events are between them in the log` : "the order of the log is another";
  }
  if (wrong !== undefined) return { wrong };
  if (generations.every((each) => each.indexOf(next) === undefined)) return AS_PROMISED;
  return {
    wrong: isBeforeKept
      ? "the log was erased between them, and no gap was told"
      : "the first of them was lost, and no gap was told",
  };
}
