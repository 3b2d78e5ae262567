import { reasonOf } from "../config/config-error.ts";
import { CliError, EXIT_UNAVAILABLE } from "./error.ts";

// Each write reports its errors to its callback. Without this listener the stream would throw them as well.
process.stdout.on("error", () => {});

/**
 * Writes to standard output, and waits until the text is written. False when nobody reads it any more, as
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

/** Escapes control characters, so that a text can't control the terminal. */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Writes a line to standard error. */
export function notice(text: string): void {
  // console.error() would print it in red, like a failure.
  process.stderr.write(`tidings: ${printable(text)}\n`);
}
