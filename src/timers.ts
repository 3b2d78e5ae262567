/** A timer can't wait longer than this, in ms: it would go off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves when everything else in the process has had its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
