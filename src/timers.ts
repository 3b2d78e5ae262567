/** The longest time of a timer, in ms. A longer one would go off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest duration, in ms, so that a date this far from now is one: 1,000 years. */
const MAX_DURATION_MS = 1000 * 365 * 86_400_000;

/** A duration such as `15s`, `1h` or `500ms`, in ms; undefined for what is none. Zero needs no unit. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  const value = Math.round(Number(number) * (MILLISECONDS[unit] ?? Number.NaN));
  return value <= MAX_DURATION_MS ? value : undefined;
}

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
