import { MAX_TIMER_MS } from "../../timers.ts";

/**
 * Calls functions after a time that is the same for all of them, with one timer, which serves the oldest.
 * A timer for each takes longer to set and clear than all else that waits for a body.
 */
export class Deadlines {
  readonly #after: number;
  /** When each is called, in ms. They are in order, since the time is the same for all. */
  readonly #due = new Map<() => void, number>();
  #isSet = false;

  /** @param after in ms */
  constructor(after: number) {
    this.#after = Math.min(after, MAX_TIMER_MS);
  }

  /** Has the function called in time, unless it is deleted before. */
  add(late: () => void): void {
    this.#due.set(late, performance.now() + this.#after);
    if (!this.#isSet) this.#set(this.#after);
  }

  delete(late: () => void): void {
    this.#due.delete(late);
  }

  #set(ms: number): void {
    this.#isSet = true;
    // It stays set when what it was set for is gone. That keeps no process from ending.
    setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#isSet = false;
    for (const [late, due] of this.#due) {
      const left = due - performance.now();
      if (left > 0) {
        this.#set(Math.ceil(left));
        return;
      }
      this.#due.delete(late);
      late();
    }
  }
}
