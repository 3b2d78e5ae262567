import { readFileSync, statSync } from "node:fs";

const DESCRIPTORS_FOLDER = "/proc/self/fd";
/** A fiftieth of the descriptors is reserved, within these bounds. */
const RESERVE_SHARE = 50;
const MIN_RESERVE = 16;
const MAX_RESERVE = 256;

/**
 * The file descriptors of the process. Every connection takes one, and without a free one nobody can reach
 * the hub. So streams leave a reserve for publishers and for health checks.
 */
export class Descriptors {
  /** The most descriptors: the hard limit, to which the runtime has raised the soft one. */
  readonly limit: number;
  /** The number of streams that were refused to keep the reserve. */
  refusals = 0;
  readonly #count: () => number;
  static #own: Descriptors | undefined;

  constructor(limit: number, count: () => number) {
    this.limit = limit;
    this.#count = count;
  }

  /** The descriptors of this process; undefined where the system does not report them (Linux before 6.2, other systems). */
  static ofProcess(): Descriptors | undefined {
    Descriptors.#own ??= read();
    return Descriptors.#own;
  }

  /** The number of open descriptors. */
  get open(): number {
    return this.#count();
  }

  /** The number of descriptors that streams leave free. */
  get reserve(): number {
    return Math.min(MAX_RESERVE, Math.max(MIN_RESERVE, Math.floor(this.limit / RESERVE_SHARE)));
  }

  /** Whether no more than the reserve is left. */
  get short(): boolean {
    return this.open > this.limit - this.reserve;
  }
}

function read(): Descriptors | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    // Listing the folder would take milliseconds with thousands of descriptors, and fail when none is free.
    const count = () => statSync(DESCRIPTORS_FOLDER).size;
    return limit !== undefined && count() > 0 ? new Descriptors(Number(limit), count) : undefined;
  } catch {
    return undefined;
  }
}
