import { type Place, placeText } from "../protocol/place.ts";

/** A part of the log that went on without a break. */
export interface Life {
  /** Tells it from all others. */
  readonly word: string;
  /** The position of its first event, or of the one that would have been. */
  readonly first: number;
}

/** The lives of a log, oldest first: they tell places from positions, and positions from places. */
export class Lives {
  readonly #lives: Life[];

  /** @param lives at least one. */
  constructor(lives: readonly Life[]) {
    this.#lives = [...lives];
  }

  /** Begins another life at this position. */
  begin(life: Life): void {
    this.#lives.push(life);
  }

  /** The word of the newest life. */
  get word(): string {
    return this.#lives.at(-1)?.word ?? "";
  }

  /** All of them, oldest first. */
  get all(): readonly Life[] {
    return this.#lives;
  }

  /** The word of the life that this position belongs to; undefined before the first event. */
  wordOf(position: number): string | undefined {
    return this.#lives.findLast(({ first }) => first <= position)?.word;
  }

  /** The place of a position, as a cursor. */
  placeOf(position: number): string {
    const word = this.wordOf(position);
    // Before the first event there is only the beginning of the oldest life.
    return placeText(
      word === undefined ? { word: this.#lives[0]?.word ?? "", position: 0 } : { word, position },
    );
  }

  /** The position of a place; undefined when no life has it, or its life ended before it. */
  positionOf({ word, position }: Place, head: number): number | undefined {
    const index = this.#lives.findIndex((life) => life.word === word);
    const life = this.#lives[index];
    if (!life) return undefined;
    if (position === 0) return life.first - 1;
    const end = (this.#lives[index + 1]?.first ?? head + 1) - 1;
    return position >= life.first && position <= end ? position : undefined;
  }

  /** Forgets the lives that ended before this position. */
  dropBefore(position: number): void {
    while (this.#lives.length > 1 && (this.#lives[1]?.first ?? 0) < position) this.#lives.shift();
  }

  /** Forgets the lives that begin after this position, which is the head now. */
  cutAfter(position: number): void {
    while (this.#lives.length > 1 && (this.#lives.at(-1)?.first ?? 0) > position + 1) this.#lives.pop();
  }
}
