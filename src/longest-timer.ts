/** A timer can't wait longer than this, in ms: it would go off at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;
