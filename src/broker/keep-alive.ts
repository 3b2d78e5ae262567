import type { Log } from "../log/log.ts";
import { MAX_TIMER_MS } from "../timers.ts";
import type { Client } from "./client.ts";
import type { Delivery } from "./delivery.ts";

/** The shortest time between two moves of the cursors, in ms. */
const MIN_CURSOR_INTERVAL_MS = 1000;

export interface KeepAliveOptions {
  /** How often each stream is sent a keep-alive, in ms; 0 or less for never. */
  readonly interval: number;
  readonly log: Log;
  readonly delivery: Delivery;
  /** Clients that wait for a log that can't be read. They get keep-alives too. */
  readonly waiting: () => Iterable<Client>;
}

/**
 * Writes to streams that have no events to carry. A keep-alive shows the reader that its connection
 * works. A new cursor keeps the reader's place: without it, the last event that the reader saw would
 * be trimmed from the log, and the reader would be told of a gap when it comes back.
 *
 * One timer sends the keep-alives of all streams. Cursors are moved with them, and earlier when the
 * log has grown by a quarter of the events that it holds.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #cursorTimer: ReturnType<typeof setTimeout> | undefined;
  /** The position of the log's head at which the cursors are moved next. */
  #nextMove = 0;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
  }

  /** There is a client. */
  start(): void {
    const { interval, delivery, waiting } = this.#options;
    if (!(interval > 0) || this.#timer) return;
    const send = () => {
      this.#moveCursors();
      delivery.keepAlive(waiting());
    };
    this.#timer = setInterval(send, Math.min(interval, MAX_TIMER_MS));
  }

  /** There are no clients any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#cursorTimer);
    this.#cursorTimer = undefined;
  }

  /** Events have been delivered: the log's head has moved. */
  delivered(): void {
    if (this.#options.log.head < this.#nextMove || this.#cursorTimer) return;
    this.#cursorTimer = setTimeout(() => this.#moveCursors(), MIN_CURSOR_INTERVAL_MS);
  }

  #moveCursors(): void {
    const { log, delivery } = this.#options;
    clearTimeout(this.#cursorTimer);
    this.#cursorTimer = undefined;
    delivery.moveCursors();
    const { head, earliest = head } = log;
    this.#nextMove = head + Math.ceil((head + 1 - earliest) / 4);
  }
}
