import { parsePlace } from "../../../src/protocol/place.ts";

/**
 * An event as a log has it. A publisher that asks again can have the same in two logs, of which one is lost:
 * the time when it was kept tells them apart.
 */
export interface Kept {
  readonly text: string;
  readonly id: string;
  readonly time: string;
}

/** What a reader was sent, in order. */
export type Received = Kept | "gap";

const keyOf = ({ text, time }: Kept): string => `${text} of ${time}`;

/** An event whose publisher was told that it is kept. */
interface Acknowledged {
  /** The node that told; undefined where a proxy chose it. */
  readonly node: number | undefined;
  /** When it was sent. */
  readonly asked: number;
  /** When the answer came. */
  readonly at: number;
}

/** A time in which what a node has taken may be lost, and why. */
interface Excuse {
  readonly why: string;
  /** undefined: any. */
  readonly node: number | undefined;
  readonly from: number;
  readonly to: number;
}

export interface Figures {
  readonly acknowledged: number;
  readonly held: number;
  readonly erased: number;
  /** Acknowledged, and not in the log any more. */
  readonly lost: Readonly<Record<string, number>>;
  readonly received: number;
  readonly gaps: number;
  /** Came again, after a gap. */
  readonly repeated: number;
}

/**
 * What publishers were told and readers were sent, to be held against the log at the end. Events are known by
 * their text, which no two share.
 */
export class History {
  readonly violations: string[] = [];
  readonly #acknowledged = new Map<string, Acknowledged>();
  /** Where the readers were sent an event, by its place. */
  readonly #places = new Map<string, string>();
  readonly #received = new Map<string, Received[]>();
  /** The log each time that it was erased. */
  readonly #erased: (readonly Kept[])[] = [];
  readonly #excuses: Excuse[] = [];
  /** When Redis may have lost its tail. */
  readonly #losses: number[] = [];
  /** When nodes could not tell what they had. */
  readonly #silences: { readonly node: number; readonly from: number; to: number }[] = [];
  readonly #settled: number[] = [];

  acknowledged(text: string, id: string, node: number | undefined, asked: number): void {
    if (!this.#acknowledged.has(text)) this.#acknowledged.set(text, { node, asked, at: performance.now() });
    this.#placed(id, text);
  }

  received(reader: string, item: Received): void {
    const list = this.#received.get(reader) ?? [];
    this.#received.set(reader, list);
    list.push(item);
    if (item !== "gap") this.#placed(item.id, item.text);
  }

  /** The text of the newest event that the reader was sent. */
  newest(reader: string): string | undefined {
    const item = this.#received.get(reader)?.at(-1);
    return item === "gap" ? undefined : item?.text;
  }

  get readers(): readonly string[] {
    return [...this.#received.keys()];
  }

  /** The log was erased on purpose, with this in it. */
  erased(log: readonly Kept[]): void {
    this.#erased.push(log);
  }

  excuse(why: string, node: number | undefined, from: number, to = performance.now()): void {
    this.#excuses.push({ why, node, from, to });
  }

  /** From now on, Redis may lack what it had before. */
  mayHaveLost(): void {
    this.#losses.push(performance.now());
  }

  /** A node can't tell what it has. Returns what ends that. */
  silent(node: number): () => void {
    const silence = { node, from: performance.now(), to: Number.POSITIVE_INFINITY };
    this.#silences.push(silence);
    return () => {
      silence.to = performance.now();
    };
  }

  /** All nodes have the same log: what it has now is safe until the next fault. */
  settled(): void {
    this.#settled.push(performance.now());
  }

  /** Which of these a node has acknowledged, and no log has: what that node has to count as lost. */
  missingOf(node: number, from: number, to: number, log: readonly Kept[]): number {
    const kept = textsOf([...log, ...this.#erased.flat()]);
    let count = 0;
    for (const [text, { node: by, at }] of this.#acknowledged)
      if (by === node && at >= from && at <= to && !kept.has(text)) count++;
    return count;
  }

  /** Holds all of it against the log. What is wrong is in `violations` then. */
  verify(log: readonly Kept[]): Figures {
    const generations = [...this.#erased, log].map((each) => this.#indexOf(each));
    const held = textsOf(log);
    const erased = textsOf(this.#erased.flat());
    const lost: Record<string, number> = {};
    for (const [text, acknowledged] of this.#acknowledged) {
      if (held.has(text) || erased.has(text)) continue;
      const why = this.#excuseFor(acknowledged);
      if (why === undefined) {
        this.violations.push(`${text} was acknowledged by node ${acknowledged.node} and is not in the log`);
      }
      lost[why ?? "not allowed"] = (lost[why ?? "not allowed"] ?? 0) + 1;
    }
    const figures = { received: 0, gaps: 0, repeated: 0 };
    for (const [reader, items] of this.#received) this.#verifyReader(reader, items, generations, figures);
    const nothingLost = Object.keys(lost).length === 0 && this.#erased.length === 0;
    if (nothingLost && this.#losses.length === 0 && figures.gaps > 0)
      this.violations.push(`${figures.gaps} gaps were told, and nothing was lost`);
    return {
      ...{ acknowledged: this.#acknowledged.size, held: log.length, erased: erased.size, lost },
      ...figures,
    };
  }

  /** All that it knows, as JSON. */
  toJSON(): object {
    return {
      ...{ received: [...this.#received], acknowledged: [...this.#acknowledged], erased: this.#erased },
      ...{ excuses: this.#excuses, losses: this.#losses, silences: this.#silences, settled: this.#settled },
    };
  }

  #indexOf(log: readonly Kept[]): Map<string, number> {
    const texts = new Set<string>();
    for (const { text } of log) {
      if (texts.has(text)) this.violations.push(`${text} is in the log twice`);
      texts.add(text);
    }
    return new Map(log.map((kept, i) => [keyOf(kept), i]));
  }

  #verifyReader(
    reader: string,
    items: readonly Received[],
    generations: readonly Map<string, number>[],
    figures: { received: number; gaps: number; repeated: number },
  ): void {
    const log = generations.at(-1) ?? new Map<string, number>();
    const seen = new Set<string>();
    const sinceGap = new Set<string>();
    let before: string | undefined;
    let isGap = false;
    for (const item of items) {
      if (item === "gap") {
        isGap = true;
        figures.gaps++;
        continue;
      }
      const key = keyOf(item);
      figures.received++;
      if (isGap) sinceGap.clear();
      if (seen.has(key)) figures.repeated++;
      if (sinceGap.has(key)) this.violations.push(`${reader} was sent ${key} twice`);
      if (before !== undefined && !isGap) {
        const wrong = whatIsWrong(before, key, generations, seen);
        if (wrong !== undefined)
          this.violations.push(
            `${reader} was sent ${before}, then ${key} with the id "${item.id}": ${wrong}`,
          );
      }
      seen.add(key);
      sinceGap.add(key);
      before = key;
      isGap = false;
    }
    const missed = [...log.keys()].filter((key) => !seen.has(key));
    if (missed.length > 0) {
      this.violations.push(
        `${reader} was never sent ${missed.length} of the log: ${missed.slice(0, 5).join(", ")}`,
      );
    }
  }

  #placed(id: string, text: string): void {
    if (!parsePlace(id)) return;
    const other = this.#places.get(id) ?? text;
    if (other !== text) this.violations.push(`the place ${id} was ${other}, and then ${text}`);
    this.#places.set(id, text);
  }

  #excuseFor({ node, asked, at }: Acknowledged): string | undefined {
    const isOf = (other: number | undefined): boolean =>
      node === undefined || other === undefined || node === other;
    const excuse = this.#excuses.find((each) => isOf(each.node) && at >= each.from && asked <= each.to);
    if (excuse) return excuse.why;
    const safe = this.#settled.find((time) => time > at) ?? Number.POSITIVE_INFINITY;
    const isLoss = this.#losses.some((time) => time >= asked && time <= safe);
    const isSilent = this.#silences.some((each) => isOf(each.node) && each.to >= at && each.from <= safe);
    return isLoss && isSilent ? "Redis lost its tail, and the node that had it was silent" : undefined;
  }
}

function textsOf(log: readonly Kept[]): Set<string> {
  return new Set(log.map(({ text }) => text));
}

/** Why a reader can't be sent one event right after the other, with no gap between; undefined if it can. */
function whatIsWrong(
  before: string,
  key: string,
  generations: readonly Map<string, number>[],
  seen: ReadonlySet<string>,
): string | undefined {
  let isBeforeKept = false;
  let isKept = false;
  let wrong: string | undefined;
  for (const generation of generations) {
    const from = generation.get(before);
    const to = generation.get(key);
    isBeforeKept ||= from !== undefined;
    isKept ||= to !== undefined;
    if (from === undefined || to === undefined) continue;
    if (to === from + 1) return undefined;
    // The sdk leaves out what it has yielded before.
    const between = [...generation.keys()].slice(from + 1, Math.max(from + 1, to));
    if (to > from && between.every((each) => seen.has(each))) return undefined;
    wrong =
      to > from ? `${between.length} events are between them in the log` : "the order of the log is another";
  }
  if (wrong !== undefined || !isKept) return wrong;
  return isBeforeKept
    ? "the log was erased between them, and no gap was told"
    : "the first of them was lost, and no gap was told";
}
