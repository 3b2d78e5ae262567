import type { Draft } from "./entry.ts";

/**
 * Gives ids to the events that have none: a word, and the event's position. The word is drawn
 * whenever a store is opened, so an id of a log of another life, or of events that a power cut took,
 * is never taken for one of this log when a client resumes. No clock is asked: one that jumps
 * changes nothing.
 */
export class Ids {
  #word = draw();

  /** Makes sure that none of the drafts' own ids, which may be guesses, is one that is given later. */
  avoid(drafts: readonly Draft[]): void {
    if (drafts.some(({ id }) => id?.startsWith(this.#word))) this.#word = draw();
  }

  at(position: number): string {
    return `${this.#word}-${position}`;
  }
}

/** The position in an id that an {@link Ids} may have given. */
export function positionIn(id: string): number | undefined {
  const digits = /-(\d{1,15})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function draw(): string {
  return crypto.randomUUID().slice(-12);
}
