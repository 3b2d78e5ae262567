/** Takes log lines with fields. A pino logger is one, and so is the console. */
export interface Logger {
  /** Ordinary events, such as a client that connects. */
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** Events that an operator may want to know. */
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** Events that an operator should look at. */
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** Failures. */
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

type Level = keyof Logger;
type Fields = Readonly<Record<string, unknown>>;

/** The length of a window in which lines of one kind are counted, in ms. */
const WINDOW_MS = 10_000;
/** The most lines of one kind in a window. `debug` allows more, to show single requests. */
const MAX_LINES: Readonly<Record<Level, number>> = { debug: 1000, info: 10, warn: 10, error: 10 };

/** The lines of one kind since its window began. */
interface Window {
  readonly until: number;
  lines: number;
  suppressed: number;
}

/**
 * Passes on the first lines of each kind in a window, and counts the others. So a broken client, a full
 * disk or an issuer that is down can't fill the log. Lines of one kind share level, message and `status`.
 * A message may tell a place in a file, so there may be many kinds: each is forgotten when its window is over.
 */
export class LimitedLogger implements Logger {
  readonly #logger: Logger;
  /** In the order in which they end. */
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The logger with limits. A logger that has limits already is returned as it is, and its limits are shared. */
  static of(logger: Logger): LimitedLogger {
    return logger instanceof LimitedLogger ? logger : new LimitedLogger(logger);
  }

  debug(fields: Fields, message: string): void {
    this.#log("debug", fields, message);
  }

  info(fields: Fields, message: string): void {
    this.#log("info", fields, message);
  }

  warn(fields: Fields, message: string): void {
    this.#log("warn", fields, message);
  }

  error(fields: Fields, message: string): void {
    this.#log("error", fields, message);
  }

  #log(level: Level, fields: Fields, message: string): void {
    const status = fields["status"];
    const kind = `${level} ${typeof status === "number" ? status : ""} ${message}`;
    const window = this.#windowOf(kind);
    if (window.lines < MAX_LINES[level]) {
      window.lines++;
      this.#logger[level](fields, message);
    } else if (window.suppressed++ === 0) {
      const tell = () => this.#tell(level, message, window, status);
      setTimeout(tell, window.until - performance.now()).unref();
    }
  }

  #windowOf(kind: string): Window {
    const now = performance.now();
    for (const [ended, { until }] of this.#windows) {
      if (now < until) break;
      this.#windows.delete(ended);
    }
    const known = this.#windows.get(kind);
    if (known) return known;
    const window = { until: now + WINDOW_MS, lines: 0, suppressed: 0 };
    this.#windows.set(kind, window);
    return window;
  }

  #tell(level: Level, message: string, { suppressed }: Window, status: unknown): void {
    const fields = { suppressed, within_ms: WINDOW_MS, ...(status !== undefined && { status }) };
    this.#logger[level](fields, `suppressed more like this: ${message}`);
  }
}
