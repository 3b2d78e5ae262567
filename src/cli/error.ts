/** Exit code for a flag, value or file that is wrong. */
export const EXIT_USAGE = 2;
/** Exit code for a hub that can't be reached or refuses to serve. */
export const EXIT_UNAVAILABLE = 1;

/** An error that ends the command, with one line on standard error and an exit code. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_USAGE) {
    super(message);
    this.exitCode = exitCode;
  }
}
