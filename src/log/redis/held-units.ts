import type { Place } from "../../protocol/place.ts";
import type { Block, HelloAnswer } from "./engine.ts";
import { isOn } from "./life-chain.ts";
import { erasedBy } from "./names.ts";

/** The blocks of one append, all of them, in order. */
export type Unit = readonly [Block, ...Block[]];

/** What is asked of the texts of blocks, which a member does not read. */
export interface BlockTexts {
  /** Whether the text of a block is as it was written. */
  isWhole(text: string): boolean;
  /** The block without the data of its event at a position. */
  withoutEvent(block: Block, position: number): Block;
}

/** The newest units that a member has followed, without a hole: it can put them back. */
export class HeldUnits {
  #units: Unit[] = [];
  #bytes = 0;
  #low = 0;
  readonly #bound: number;
  readonly #texts: BlockTexts;

  /** @param bound of how many bytes units are kept at least. */
  constructor(bound: number, texts: BlockTexts) {
    this.#bound = bound;
    this.#texts = texts;
  }

  get all(): readonly Unit[] {
    return this.#units;
  }

  /** All units that come after this position, up to the newest, are held. */
  get low(): number {
    return this.#low;
  }

  /** Adds the unit that comes next. */
  push(unit: Unit): void {
    this.#units.push(unit);
    this.#bytes += sizeOf(unit);
    while (this.#units.length > 1 && this.#bytes - sizeOf(this.#units[0]) > this.#bound) {
      this.#dropOldest(1);
    }
  }

  /** Lets go of all, and begins after this position. */
  beginAfter(position: number): void {
    this.#units = [];
    this.#bytes = 0;
    this.#low = position;
  }

  /** Lets go of what comes after this position. */
  cutAfter(position: number): void {
    this.#units = this.#units.filter(([{ unitLast }]) => unitLast <= position);
    this.#bytes = this.#units.reduce((sum, unit) => sum + sizeOf(unit), 0);
    this.#low = Math.min(this.#low, position);
  }

  /**
   * The unit to put back, if the one that comes next is held. One that is damaged here is not put back: with
   * its next hello, the member says that it holds what comes after it. Another may have it whole.
   */
  unitToPutBack(answer: HelloAnswer): Unit | undefined {
    if (answer.state !== "putting back" || answer.head >= answer.end) return undefined;
    const index = this.#units.findIndex(
      ([{ unitFirst, word }]) => unitFirst === answer.head + 1 && isOn(answer.lives, word, unitFirst),
    );
    const unit = this.#units[index];
    if (!unit || unit.every(({ text }) => this.#texts.isWhole(text))) return unit;
    this.#dropOldest(index + 1);
    return undefined;
  }

  /** What was erased after a position, of what comes up to it. */
  erasuresAfter(position: number): readonly Place[] {
    const units = this.#units.filter(([{ unitLast }]) => unitLast > position);
    const places = units.flatMap(([{ current }]) => erasedBy(current) ?? []);
    return places.filter((place) => place.position <= position);
  }

  /** What is put back does not have the event's data. */
  erase({ word, position }: Place): void {
    const index = this.#units.findIndex(([{ unitLast }]) => unitLast >= position);
    const unit = this.#units[index];
    if (!unit) return;
    const without = (block: Block): Block => {
      const isIn = block.last - block.count < position && position <= block.last && block.word === word;
      return isIn ? this.#texts.withoutEvent(block, position) : block;
    };
    const [first, ...rest] = unit;
    this.#units[index] = [without(first), ...rest.map(without)];
  }

  #dropOldest(count: number): void {
    for (let i = 0; i < count; i++) {
      // Not `splice`: that moves all of the others, which takes 11 µs where there are 60,000.
      const unit = this.#units.shift();
      if (!unit) return;
      this.#bytes -= sizeOf(unit);
      this.#low = unit[0].unitLast;
    }
  }
}

function sizeOf(unit: Unit | undefined): number {
  return unit?.reduce((sum, { size }) => sum + size, 0) ?? 0;
}
