type Log = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Takes structured lines. A pino logger is one, and so is the console. */
export interface Logger {
  debug: Log;
  info: Log;
  warn: Log;
  error: Log;
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
