/** The longest time of a timer, in ms. A longer one would go off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves when the rest of the process has had its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The longest slice of work, in ms, besides one last step. */
export const SLICE_MS = 4;

/**
 * Does work that comes in steps. Short work is done at once. Long work gives the rest of the process a turn
 * after each slice of a few milliseconds.
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
