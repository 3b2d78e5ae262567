/** Tells the time. One is given to the broker and its log, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since some moment: they only grow, whatever happens to the system's time. */
  now(): number;
  /** The system's time in whole milliseconds since 1970. It may jump. */
  time(): number;
}

/** The clock of the process and of the system. */
export const systemClock: Clock = {
  now: () => performance.now(),
  time: () => Date.now(),
};

/**
 * Tells the time in whole milliseconds since 1970 as it goes on from now: a jump of the system's
 * time neither brings events out of order nor makes them old at once.
 *
 * @param notBefore the newest time already known, of a run before this one.
 */
export function steadyTime(clock: Clock, notBefore = 0): () => number {
  const offset = Math.max(clock.time(), notBefore) - clock.now();
  return () => Math.floor(offset + clock.now());
}
