import type { Awaitable } from "./store.ts";

/** Nothing holds the event loop for longer than this and one step of its work, in milliseconds. */
const SLICE_MS = 4;

/**
 * Does work that comes in steps. Most is done at once. What takes longer lets others have their turn
 * after each slice of some milliseconds.
 */
export function inSlices<T>(steps: Generator<void, T, void>): Awaitable<T> {
  const first = runSlice(steps);
  if (first.done) return first.value;
  return new Promise((resolve, reject) => {
    const goOn = (): void => {
      try {
        const next = runSlice(steps);
        if (next.done) resolve(next.value);
        else setImmediate(goOn);
      } catch (error) {
        reject(error);
      }
    };
    setImmediate(goOn);
  });
}

function runSlice<T>(steps: Generator<void, T, void>): IteratorResult<void, T> {
  const until = performance.now() + SLICE_MS;
  let result = steps.next();
  while (!result.done && performance.now() < until) result = steps.next();
  return result;
}
