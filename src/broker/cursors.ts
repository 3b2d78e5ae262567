import type { Log } from "../log/log.ts";
import type { Delivery } from "./delivery.ts";

/** The cursors are looked after no more often than this, in ms. */
const MIN_INTERVAL_MS = 1000;

/**
 * Sees to it that the cursors of quiet readers are moved before the log has gone on by a history: by
 * what is published, and whenever `check` is called.
 */
export class Cursors {
  readonly #log: Log;
  readonly #delivery: Delivery;
  /** When the log's head has come this far, they are looked after again. */
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(log: Log, delivery: Delivery) {
    this.#log = log;
    this.#delivery = delivery;
  }

  /** Is told of every delivery. */
  delivered(): void {
    if (this.#log.head < this.#next || this.#timer) return;
    this.#timer = setTimeout(() => this.check(), MIN_INTERVAL_MS);
  }

  check(): void {
    this.stop();
    this.#delivery.moveCursors();
    const { head, earliest = head } = this.#log;
    this.#next = head + Math.ceil((head + 1 - earliest) / 4);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
