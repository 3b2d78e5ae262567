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
