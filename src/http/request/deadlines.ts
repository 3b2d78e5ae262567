import { MAX_TIMER_MS } from "../../timers.ts";

/** A function that is called in time, unless this is over before. */
export interface Deadline {
  readonly late: () => void;
  isOver: boolean;
}

/**
 * Calls functions after a time that is the same for all of them, with one timer, which serves the oldest.
 * A timer for each takes longer to set and clear than all else that waits for a body.
 */
export class Deadlines {
  readonly #after: number;
  /** Those of this turn of the event loop. Most are over when it ends, and need not be filed. */
  #fresh: Deadline[] = [];
  /** When each of the others is called, in ms. They are in order, since the time is the same for all. */
  readonly #due = new Map<Deadline, number>();
  #isSet = false;

  /** @param after in ms */
  constructor(after: number) {
    this.#after = Math.min(after, MAX_TIMER_MS);
  }

  /** Has the function called in time, unless the deadline is ended before. */
  add(late: () => void): Deadline {
    const deadline = { late, isOver: false };
    if (this.#fresh.push(deadline) === 1) setImmediate(() => this.#file());
    return deadline;
  }

  end(deadline: Deadline): void {
    deadline.isOver = true;
    this.#due.delete(deadline);
  }

  #file(): void {
    const due = performance.now() + this.#after;
    for (const deadline of this.#fresh) if (!deadline.isOver) this.#due.set(deadline, due);
    this.#fresh = [];
    if (this.#due.size > 0 && !this.#isSet) this.#set(this.#after);
  }

  #set(ms: number): void {
    this.#isSet = true;
    // It stays set when what it was set for is gone. That keeps no process from ending.
    setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#isSet = false;
    for (const [deadline, due] of this.#due) {
      const left = due - performance.now();
      if (left > 0) {
        this.#set(Math.ceil(left));
        return;
      }
      this.end(deadline);
      deadline.late();
    }
  }
}
