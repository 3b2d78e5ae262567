/** A timer can't wait longer than this, in ms: it would go off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves when everything else in the process has had its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Nothing holds the event loop for longer than this and one step of its work, in ms. */
export const SLICE_MS = 4;

/**
 * Does work that comes in steps. Most is done at once; what takes longer lets others have their turn
 * after each slice of some milliseconds.
 */
export function inSlices<T>(steps: Generator<void, T, void>): T | Promise<T> {
  const first = runSlice(steps);
  return first.done ? first.value : goOn(steps);
}

async function goOn<T>(steps: Generator<void, T, void>): Promise<T> {
  for (;;) {
    await turn();
    const next = runSlice(steps);
    if (next.done) return next.value;
  }
}

function runSlice<T>(steps: Generator<void, T, void>): IteratorResult<void, T> {
  const until = performance.now() + SLICE_MS;
  let result = steps.next();
  while (!result.done && performance.now() < until) result = steps.next();
  return result;
}
