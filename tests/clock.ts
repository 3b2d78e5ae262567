import type { Clock } from "../src/log/clock.ts";

/** A clock that tells what the function says, in milliseconds. */
export function clockOf(time: () => number): Clock {
  return { now: time, time };
}
