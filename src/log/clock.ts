/** Tells the time in whole milliseconds since 1970. */
export type Clock = () => number;

/**
 * A clock that runs on whatever the system's is set to: a jump of that neither brings events out
 * of order nor makes them old at once.
 *
 * @param notBefore the newest time already known, of a run before this one.
 */
export function steadyClock(notBefore = 0): Clock {
  const offset = Math.max(Date.now(), notBefore) - performance.now();
  return () => Math.floor(offset + performance.now());
}
