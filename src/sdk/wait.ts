const LONGEST = 30_000;
/** Timers take no more than this; beyond it they would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * How long to wait before a try, in milliseconds: twice as long each time, up to 30 s, less a random
 * part of up to a half so that clients which failed together do not come back together.
 */
export function backoff(first: number, failures: number): number {
  const whole = Math.min(first * 2 ** (failures - 1), Math.max(first, LONGEST));
  return whole * (1 - Math.random() / 2);
}

/** Resolves after some milliseconds, or as soon as the signal fires. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, LONGEST_TIMER));
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
}
