/** Takes structured lines. A pino logger is one, and so is the console. */
export interface Logger {
  /** What happens in the ordinary course of things, such as a client that comes or goes. */
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** What an operator may want to know. */
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** What an operator should look at. */
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** What fails. */
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

type Level = keyof Logger;
type Fields = Readonly<Record<string, unknown>>;

/** For how long lines of a kind are counted together, in ms. */
const WINDOW_MS = 10_000;
/** How many lines of a kind a window has, by level: who asks for `debug` wants to see single requests. */
const MAX_LINES: Readonly<Record<Level, number>> = { debug: 1000, info: 10, warn: 10, error: 10 };

/** The lines of one kind since its window began. */
interface Window {
  readonly until: number;
  lines: number;
  suppressed: number;
}

/**
 * Passes on the first lines of each kind, and says of the others how many there were: a client gone
 * wild, a full disk or an issuer that is down fill no log. Lines are of one kind if they have the
 * level, the message and the `status` in common. Of those there are as many as the code has messages.
 */
export class LimitedLogger implements Logger {
  readonly #logger: Logger;
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The logger, limited, unless it is so already: then all who are given it share its limits. */
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
    const known = this.#windows.get(kind);
    if (known && now < known.until) return known;
    const window = { until: now + WINDOW_MS, lines: 0, suppressed: 0 };
    this.#windows.set(kind, window);
    return window;
  }

  #tell(level: Level, message: string, { suppressed }: Window, status: unknown): void {
    const fields = { suppressed, within_ms: WINDOW_MS, ...(status !== undefined && { status }) };
    this.#logger[level](fields, `suppressed more like this: ${message}`);
  }
}
