/**
 * The lives of a log that nodes share. A life begins when Redis may have lost its newest events. Of two
 * logs, the one whose newest life has the higher number is right.
 */
export interface NumberedLife {
  readonly number: number;
  readonly word: string;
  /** The position of its first event, or of the one that would have been. */
  readonly first: number;
}

/** Lives, oldest first. Very old ones may be left out. */
export type LifeChain = readonly NumberedLife[];

/** The number of the newest life; 0 without one. */
export function numberOf(chain: LifeChain): number {
  return chain.at(-1)?.number ?? 0;
}

/** Whether the position in the life with this word is on the chain. */
export function isOn(chain: LifeChain, word: string, position: number): boolean {
  const index = chain.findIndex((life) => life.word === word);
  const life = chain[index];
  if (!life || position < life.first) return false;
  const next = chain[index + 1];
  return !next || position < next.first;
}

/** Up to which position two logs are the same; 0 when they have no life in common. */
export function commonEnd(a: LifeChain, aHead: number, b: LifeChain, bHead: number): number {
  let i = 0;
  let j = -1;
  for (; i < a.length; i++) {
    j = b.findIndex(({ word }) => word === a[i]?.word);
    if (j >= 0) break;
  }
  if (j < 0) return 0;
  let end = 0;
  for (; i < a.length && j < b.length && a[i]?.word === b[j]?.word; i++, j++) {
    const aEnd = endOf(a, i, aHead);
    const bEnd = endOf(b, j, bHead);
    end = Math.min(aEnd, bEnd);
    if (aEnd !== bEnd) break;
  }
  return Math.min(end, aHead, bHead);
}

function endOf(chain: LifeChain, index: number, head: number): number {
  const next = chain[index + 1];
  return next ? next.first - 1 : head;
}
