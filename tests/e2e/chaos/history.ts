import { parsePlace } from "../../../src/protocol/place.ts";
import { Generation, judge, type Kept, keyOf, textOf } from "./generation.ts";

/** What a reader was sent, in order. `back`: it has connected, with the id of what it was sent last. */
export type Received = Kept | "gap" | "back";

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
  readonly flushed: number;
  /** Acknowledged, and not in the log any more. */
  readonly lost: Readonly<Record<string, number>>;
  readonly received: number;
  readonly gaps: number;
  /** Came again, after a gap. */
  readonly repeated: number;
  /** Whose erasure was acknowledged. */
  readonly erased: number;
  /** Not sent to readers that came back with the id of a lost event that was published again. */
  readonly passedOver: number;
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
  readonly #flushed: (readonly Kept[])[] = [];
  /** What publishers have asked to erase: readers may lack it since. */
  readonly #erasing = new Set<string>();
  /** Of these, what they were told is erased. */
  readonly #erased = new Map<string, Acknowledged>();
  readonly #excuses: Excuse[] = [];
  readonly #damaged = new Set<string>();
  /** When Redis may have lost its tail. */
  readonly #losses: number[] = [];
  /** When nodes could not tell what they had. */
  readonly #silences: { readonly node: number; readonly from: number; to: number }[] = [];
  readonly #settled: number[] = [];
  /** When nodes may last have followed what no log has: on the side of a partition that lost, or before the log was erased. */
  #forkedAt = Number.NEGATIVE_INFINITY;

  acknowledged(text: string, id: string, node: number | undefined, asked: number): void {
    if (!this.#acknowledged.has(text)) this.#acknowledged.set(text, { node, asked, at: performance.now() });
    this.#placed(id, text);
  }

  received(reader: string, item: Received): void {
    const list = this.#received.get(reader) ?? [];
    this.#received.set(reader, list);
    list.push(item);
    if (typeof item === "object") this.#placed(item.id, item.text);
  }

  /** The text of the newest event that the reader was sent. */
  newest(reader: string): string | undefined {
    const item = this.#received.get(reader)?.findLast((each) => typeof each === "object");
    return typeof item === "object" ? item.text : undefined;
  }

  get readers(): readonly string[] {
    return [...this.#received.keys()];
  }

  /** The log was erased on purpose, with this in it. */
  flushed(log: readonly Kept[]): void {
    this.#flushed.push(log);
    this.forked();
  }

  /** A publisher is about to erase an event, which it does not publish again. */
  erasing(text: string): void {
    this.#erasing.add(text);
  }

  /** It was told that the event's data is gone. */
  erased(text: string, node: number | undefined, asked: number): void {
    this.#erased.set(text, { node, asked, at: performance.now() });
  }

  /** Two masters have taken events: what nodes have followed at one of them is lost, whether acknowledged or not. */
  forked(): void {
    this.#forkedAt = performance.now();
  }

  excuse(why: string, node: number | undefined, from: number, to = performance.now()): void {
    this.#excuses.push({ why, node, from, to });
  }

  /** These may be left out at a node, where a gap is told. */
  damaged(texts: readonly string[]): void {
    for (const text of texts) this.#damaged.add(text);
  }

  /** A log without what a node may leave out. */
  undamaged(log: readonly Kept[]): readonly Kept[] {
    return log.filter(({ text }) => !this.#damaged.has(text));
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

  /** Whether all that nodes had followed then must still be in the log: whatever Redis lost, all could put it back. */
  mustHaveKept(since: number): boolean {
    const isOver = [...this.#silences, ...this.#excuses].every(({ to }) => to < since);
    return isOver && this.#forkedAt < since;
  }

  /** All nodes have the same log: what it has now is safe until the next fault. */
  settled(): void {
    this.#settled.push(performance.now());
  }

  /** Which of these a node has acknowledged, and no log has: what that node has to count as lost. */
  missingOf(node: number, from: number, to: number, log: readonly Kept[]): number {
    const kept = textsOf([...log, ...this.#flushed.flat()]);
    let count = 0;
    for (const [text, { node: by, at }] of this.#acknowledged)
      if (by === node && at >= from && at <= to && !kept.has(text) && !this.#erasing.has(text)) count++;
    return count;
  }

  /** Holds all of it against the log. What is wrong is in `violations` then. */
  verify(log: readonly Kept[]): Figures {
    for (const each of [...this.#flushed, log]) this.#findTwice(each);
    const generations = [...this.#flushed, log].map((each) => new Generation(this.#unerased(each)));
    const held = textsOf(log);
    const flushed = textsOf(this.#flushed.flat());
    const lost: Record<string, number> = {};
    for (const [text, acknowledged] of this.#acknowledged) {
      if (held.has(text) || flushed.has(text) || this.#erasing.has(text)) continue;
      const why = this.#excuseFor(acknowledged);
      if (why === undefined) {
        this.violations.push(`${text} was acknowledged by node ${acknowledged.node} and is not in the log`);
      }
      lost[why ?? "not allowed"] = (lost[why ?? "not allowed"] ?? 0) + 1;
    }
    const figures = { received: 0, gaps: 0, repeated: 0, passedOver: 0 };
    for (const [reader, items] of this.#received) {
      this.#verifyReader(reader, this.#unerased(items), generations, figures);
    }
    const nothingLost =
      Object.keys(lost).length === 0 && this.#flushed.length === 0 && this.#damaged.size === 0;
    if (nothingLost && this.#losses.length === 0 && figures.gaps > 0)
      this.violations.push(`${figures.gaps} gaps were told, and nothing was lost`);
    return {
      ...{ acknowledged: this.#acknowledged.size, held: log.length, flushed: flushed.size, lost },
      ...{ ...figures, erased: this.#erased.size },
    };
  }

  /** Who has this log at the end must not have what was erased, unless the erasure may be lost. */
  verifyErased(who: string, log: readonly Kept[]): void {
    for (const { text } of log) {
      const erasure = this.#erased.get(text);
      if (erasure && this.#excuseFor(erasure) === undefined)
        this.violations.push(`${text} was erased at node ${erasure.node}, and ${who} still has it`);
    }
  }

  /** All that it knows, as JSON. */
  toJSON(): object {
    return {
      ...{ received: [...this.#received], acknowledged: [...this.#acknowledged], flushed: this.#flushed },
      ...{ excuses: this.#excuses, losses: this.#losses, silences: this.#silences, settled: this.#settled },
      erasures: [...this.#erased],
    };
  }

  /** Without what may have been erased before someone came to it, or after. */
  #unerased<T extends Received>(items: readonly T[]): readonly T[] {
    return items.filter((item) => typeof item === "string" || !this.#erasing.has(item.text));
  }

  #findTwice(log: readonly Kept[]): void {
    const texts = new Set<string>();
    for (const { text } of log) {
      if (texts.has(text)) this.violations.push(`${text} is in the log twice`);
      texts.add(text);
    }
  }

  #verifyReader(
    reader: string,
    items: readonly Received[],
    generations: readonly Generation[],
    figures: { received: number; gaps: number; repeated: number; passedOver: number },
  ): void {
    const seen = new Set<string>();
    const sinceGap = new Set<string>();
    const excused = new Set<string>();
    let before: Kept | undefined;
    let cameBack = false;
    for (const item of items) {
      if (item === "back") {
        cameBack = true;
        continue;
      }
      if (item === "gap") {
        figures.gaps++;
        before = undefined;
        sinceGap.clear();
        continue;
      }
      const key = keyOf(item);
      figures.received++;
      if (seen.has(key)) figures.repeated++;
      if (sinceGap.has(key)) this.violations.push(`${reader} was sent ${key} twice`);
      const verdict = before && judge({ before, next: item, cameBack, seen }, generations);
      if (before && verdict && "wrong" in verdict) {
        this.violations.push(
          `${reader} was sent ${keyOf(before)}, then ${key} with the id "${item.id}": ${verdict.wrong}`,
        );
      } else if (verdict && "passedOver" in verdict) {
        for (const each of verdict.passedOver) excused.add(each);
      }
      seen.add(key);
      sinceGap.add(key);
      before = item;
      cameBack = false;
    }
    figures.passedOver += excused.size;
    const missed = (generations.at(-1)?.keys ?? []).filter(
      (key) => !seen.has(key) && !excused.has(key) && !this.#damaged.has(textOf(key)),
    );
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
