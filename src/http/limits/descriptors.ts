import { readFileSync, statSync } from "node:fs";

const FOLDER = "/proc/self/fd";
/** A fiftieth of the descriptors is kept for others than streams, and so many at least and at most. */
const SHARE = 50;
const MIN_RESERVE = 16;
const MAX_RESERVE = 256;

/**
 * The file descriptors of the process, of which every connection takes one. When none is left, nobody
 * gets through to the hub, so streams leave some for publishers and for who asks how the hub is.
 */
export class Descriptors {
  /** How many there may be. The runtime has raised it as far as it goes (the hard limit). */
  readonly limit: number;
  /** How many streams were refused for want of them. */
  refusals = 0;
  readonly #count: () => number;
  static #own: Descriptors | undefined;

  constructor(limit: number, count: () => number) {
    this.limit = limit;
    this.#count = count;
  }

  /** Those of this process; undefined where the system does not tell, as outside of Linux 6.2 and later. */
  static ofProcess(): Descriptors | undefined {
    Descriptors.#own ??= read();
    return Descriptors.#own;
  }

  /** How many are open. */
  get open(): number {
    return this.#count();
  }

  /** How many streams leave to others. */
  get reserve(): number {
    return Math.min(MAX_RESERVE, Math.max(MIN_RESERVE, Math.floor(this.limit / SHARE)));
  }

  /** Whether no more than the reserve is left. */
  get short(): boolean {
    return this.open > this.limit - this.reserve;
  }
}

function read(): Descriptors | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    // Reading the folder would take ms when there are thousands, and fail when there are too many.
    const count = () => statSync(FOLDER).size;
    return limit !== undefined && count() > 0 ? new Descriptors(Number(limit), count) : undefined;
  } catch {
    return undefined;
  }
}
