import type { Place } from "../../protocol/place.ts";
import type {
  Append,
  AppendAnswer,
  Block,
  BlockContent,
  Hello,
  HelloAnswer,
  KnownEnds,
  NodeSeq,
  Open,
  Rewrite,
} from "./engine.ts";
import { type BlockTexts, HeldUnits, type Unit } from "./held-units.ts";
import { commonEnd, isOn, type LifeChain } from "./life-chain.ts";
import { erasedBy } from "./names.ts";

/** What the member is to append, until it has followed it. */
export interface Pending {
  append: Omit<Append, "word">;
  /** Whether it was sent in the life that the member is in. */
  sent: boolean;
  /** The position of its last event, if it is known that it was kept in this life. */
  kept: number | undefined;
}

/** What a hello's answer changes for the member. */
export interface Heard {
  readonly state: HelloAnswer["state"];
  /** What it followed after this position is not in the log. */
  readonly rolledBackTo?: number;
  /** So many positions that it had followed are lost. */
  readonly lost: number;
  /** The places of events that are in the log, and whose erasure is lost. */
  readonly unerased?: readonly Place[];
  /** The log has come to this position, and nothing of what comes before is held any more. */
  readonly skippedTo?: number;
}

/** What becomes of a block that was followed. */
export type Told =
  /** The log has gone on by these units; before the first of them, positions may be missing. */
  | readonly Unit[]
  /** The block is of a life that the member does not know: it says hello before it takes it. */
  | "hello";

/**
 * One node's part in the shared log: what it has followed, what it can put back, and what it is
 * appending. It does nothing by itself: whoever drives it makes the calls, and hands it the answers.
 */
export class Member {
  readonly name: string;
  #lives: LifeChain = [];
  #head = 0;
  #start: number | undefined;
  #replid = "";
  #unit: Block[] = [];
  #seq = 0;
  #pending: Pending | undefined;
  /** The newest append of each node, at or below the head. */
  readonly #seqs = new Map<string, NodeSeq>();
  /** As the engine told them when it had come to this position. */
  #told: { readonly head: number; readonly seqs: readonly NodeSeq[] } = { head: 0, seqs: [] };
  #recovering = false;
  readonly #held: HeldUnits;

  /**
   * @param windowBound of how many bytes it keeps at least what it has followed, to put it back.
   */
  constructor(name: string, windowBound: number, texts: BlockTexts) {
    this.name = name;
    this.#held = new HeldUnits(windowBound, texts);
  }

  get lives(): LifeChain {
    return this.#lives;
  }

  /** The position up to which it has followed the log. */
  get head(): number {
    return this.#head;
  }

  /** It holds all units that come after this position. */
  get low(): number {
    return this.#held.low;
  }

  get window(): readonly Unit[] {
    return this.#held.all;
  }

  get pending(): Pending | undefined {
    return this.#pending;
  }

  get word(): string {
    return this.#lives.at(-1)?.word ?? "";
  }

  hello(newWord: string, insists: boolean): Hello {
    return {
      ...{ node: this.name, newWord, insists },
      ...{ lives: this.#lives, head: this.#head, low: this.low, replid: this.#replid },
      seqs: [...this.#seqs.values()].filter(({ last }) => last <= this.low),
    };
  }

  /** A member that knows no life yet is to begin after this position, and not at the head. */
  startAt(position: number): void {
    this.#start = position;
  }

  /** Takes the answer to a hello. */
  heard(answer: HelloAnswer): Heard {
    if (answer.state !== "open") {
      this.#recovering = answer.state !== "elsewhere";
      return { state: answer.state, lost: 0 };
    }
    this.#recovering = false;
    this.#told = { head: answer.head, seqs: answer.seqs };
    this.#replid = answer.replid;
    const adopted = this.#adopt(answer);
    if (answer.tail > this.#head || answer.head <= this.#head) return { state: "open", ...adopted };
    this.#skipTo(answer.head);
    return { state: "open", ...adopted, skippedTo: answer.head };
  }

  #adopt({ lives, head }: Open): Omit<Heard, "state"> {
    if (this.word === lives.at(-1)?.word) return { lost: 0 };
    const isNew = this.#lives.length === 0;
    const before = this.#head;
    const common = isNew ? (this.#start ?? head) : commonEnd(this.#lives, before, lives, head);
    this.#lives = lives;
    this.#unit = [];
    if (this.#pending) Object.assign(this.#pending, { sent: false, kept: undefined });
    if (isNew) {
      this.#head = common;
      this.#held.beginAfter(common);
      this.#mergeSeqs(common);
      return { lost: 0 };
    }
    if (before <= common) return { lost: 0 };
    const unerased = this.#held
      .erasuresAfter(common)
      .filter(({ word, position: last }) => this.isOn({ word, last }));
    this.#cutAfter(common);
    return { rolledBackTo: common, lost: before - common, unerased };
  }

  /** The positions that it lacks before a block; undefined when there are none. Their block may have left the stream. */
  lacksBefore(block: Block): { readonly from: number; readonly to: number } | undefined {
    const first = block.last - block.count + 1;
    return first > this.#next && this.isOn(block) ? { from: this.#next, to: first - 1 } : undefined;
  }

  /** Takes a block that the stream brought. */
  follow(block: Block): Told {
    if (!this.isOn(block)) return "hello";
    if (block.last <= this.#head) return [];
    const first = block.last - block.count + 1;
    const next = this.#next;
    if (first > next || (first < next && this.#unit.length > 0)) {
      // Outrun, or a stretch is lost for good: what others did meanwhile is heard from the engine.
      if (this.#told.head < block.last) return "hello";
      this.#skipTo(first - 1);
    }
    this.#unit.push(block);
    const [head, ...rest] = this.#unit;
    if (!head || block.last < block.unitLast) return [];
    this.#unit = [];
    return [this.#take([head, ...rest])];
  }

  /** Whether a block is of the log that the member follows. */
  isOn({ word, last }: Pick<Block, "word" | "last">): boolean {
    return isOn(this.#lives, word, last);
  }

  /**
   * The unit to put back, if this member holds the one that comes next. One that is damaged here is not put
   * back: with its next hello, the member says that it holds what comes after it. Another may have it whole.
   */
  unitToPutBack(answer: HelloAnswer): Unit | undefined {
    return this.#held.unitToPutBack(answer);
  }

  /** Whether the engine was in a recovery when it was last heard. */
  get recovering(): boolean {
    return this.#recovering;
  }

  /** Begins to append these, under a number of its own. One append is in flight at a time. */
  begin(blocks: readonly BlockContent[], ends?: KnownEnds, rewrite?: Rewrite): Pending {
    const append = { node: this.name, seq: ++this.#seq, head: this.#head, blocks, ends, rewrite };
    this.#pending = { append, sent: false, kept: undefined };
    return this.#pending;
  }

  /**
   * Takes the answer to the append that is in flight. Undefined when it decides nothing: the member has
   * come into another life since, so what was kept may be gone, and the append is sent again.
   */
  answered(pending: Pending, wordAsked: string, answer: AppendAnswer): AppendAnswer | undefined {
    if (this.#pending !== pending) return undefined;
    if (wordAsked !== this.word || answer.result === "hello") {
      pending.sent = false;
      return undefined;
    }
    if ((answer.result === "kept" || answer.result === "again") && answer.last > 0)
      pending.kept = answer.last;
    return answer;
  }

  /** Whether the append that is in flight was kept and followed, so that its publishers can be answered. */
  get isFollowed(): boolean {
    const last = this.#pending?.kept;
    return last !== undefined && last <= this.#head;
  }

  /** Lets go of the append that is in flight: it was followed, or nothing of it is kept. */
  finish(): void {
    this.#pending = undefined;
  }

  /** The position that comes next. */
  get #next(): number {
    return (this.#unit.at(-1)?.last ?? this.#head) + 1;
  }

  #take(unit: Unit): Unit {
    const last = unit[0].unitLast;
    const erased = erasedBy(unit[0].current);
    if (erased) this.#held.erase(erased);
    this.#head = last;
    if (this.#pending && unit[0].node === this.name && unit[0].seq === this.#pending.append.seq) {
      this.#pending.kept = last;
    }
    this.#seqs.set(unit[0].node, { node: unit[0].node, seq: unit[0].seq, last });
    // Without its beginning, which came before this member did, it can't be put back.
    if (unit[0].last - unit[0].count + 1 > unit[0].unitFirst) this.#held.beginAfter(last);
    else this.#held.push(unit);
    return unit;
  }

  #cutAfter(position: number): void {
    this.#held.cutAfter(position);
    this.#head = position;
    // What the append in flight says of later positions is of no account any more.
    if (this.#pending) {
      const { append } = this.#pending;
      const ends = append.ends && { ...append.ends, upTo: Math.min(append.ends.upTo, position) };
      this.#pending.append = { ...append, head: Math.min(append.head, position), ends };
    }
    for (const [node, { last }] of this.#seqs) if (last > position) this.#seqs.delete(node);
  }

  /** Goes on after this position: all before it can't be had. */
  #skipTo(position: number): void {
    this.#unit = [];
    this.#held.beginAfter(position);
    this.#head = position;
    this.#mergeSeqs(position);
  }

  #mergeSeqs(upTo: number): void {
    for (const each of this.#told.seqs) {
      if (each.last > upTo || (this.#seqs.get(each.node)?.seq ?? -1) >= each.seq) continue;
      this.#seqs.set(each.node, each);
    }
  }
}
