import type { Clock } from "../src/log/clock.ts";

/** A clock that tells what the function says, in milliseconds. */
export function clockOf(time: () => number): Clock {
  return { now: time, time };
}

/** A clock that stands still until it is set forward. */
export class TestClock implements Clock {
  #now = 1_000_000;

  now(): number {
    return this.#now;
  }

  time(): number {
    return this.#now;
  }

  /** Sets it forward, by milliseconds. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
