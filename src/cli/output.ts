import { reasonOf } from "../config/config-error.ts";
import { CliError, EXIT_UNAVAILABLE } from "./error.ts";

// A write tells its own callback what went wrong; without a listener the stream would throw it, too.
process.stdout.on("error", () => {});

/**
 * Writes to standard output and waits until it is taken. False when nobody reads it any more, as
 * after `| head`.
 *
 * @throws CliError when it can't be written.
 */
export function print(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (!error) resolve(true);
      else if ("code" in error && error.code === "EPIPE") resolve(false);
      else {
        reject(new CliError(`can't write to standard output: ${reasonOf(error)}`, EXIT_UNAVAILABLE));
      }
    });
  });
}

/** The text with its control characters written out, so that it can't steer a terminal. */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A line on standard error beside the output. */
export function notice(text: string): void {
  // The runtime's console would show it in red on a terminal, as if it were a failure.
  process.stderr.write(`tidings: ${printable(text)}\n`);
}
