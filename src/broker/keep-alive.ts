import { MAX_TIMER_MS } from "../timers.ts";

/** One timer for all streams, which runs while there are some. */
export class KeepAlive {
  readonly #interval: number;
  readonly #send: () => void;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param interval in milliseconds; no timer runs for 0 or less. */
  constructor(interval: number, send: () => void) {
    this.#interval = interval;
    this.#send = send;
  }

  start(): void {
    if (!(this.#interval > 0) || this.#timer) return;
    this.#timer = setInterval(this.#send, Math.min(this.#interval, MAX_TIMER_MS));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
