import { type Clock, steadyTime } from "../clock.ts";

/** So long events are held when their age is in doubt, or as long as they may grow old. In milliseconds. */
const MAX_DOUBT_MS = 60 * 60 * 1000;

/** What a file's time and the system's say of each other. */
export type Doubt =
  /** The file's newest event is of a time that is yet to come. */
  | "ahead"
  /** The newest event is older than events may grow. */
  | "behind";

/**
 * The time by which events grow old. A file and a system whose times differ by more than an event
 * may live are not both right: nothing is let go for its age at once.
 */
export class TrustedTime {
  readonly doubt: Doubt | undefined;
  readonly #clock: Clock;
  readonly #age: number;
  readonly #newest: number;
  #time: () => number;
  #doubtUntil: number | undefined;

  /**
   * @param newest when the newest event in the file was kept; 0 without one.
   * @param age how old events may grow, in ms.
   */
  constructor(clock: Clock, newest: number, age: number) {
    this.#clock = clock;
    this.#age = age;
    this.#newest = newest;
    const behind = clock.time() - newest;
    if (newest > 0 && -behind > age) this.doubt = "ahead";
    if (newest > 0 && behind > age) {
      this.doubt = "behind";
      this.#doubtUntil = clock.now() + Math.min(age, MAX_DOUBT_MS);
    }
    this.#time = steadyTime(clock, this.doubt === "ahead" ? 0 : newest);
  }

  /** Whole milliseconds since 1970. */
  now(): number {
    return this.#time();
  }

  /** How old events may grow at present. */
  get age(): number {
    return this.#doubtUntil === undefined ? this.#age : Number.POSITIVE_INFINITY;
  }

  /** Looks whether the doubt is over; true if that is because the system's time has been set right. */
  look(): boolean {
    if (this.#doubtUntil === undefined) return false;
    const isRight = Math.abs(this.#clock.time() - this.#newest) <= this.#age;
    if (isRight) this.#time = steadyTime(this.#clock, this.#newest);
    if (isRight || this.#clock.now() >= this.#doubtUntil) this.#doubtUntil = undefined;
    return isRight;
  }
}
