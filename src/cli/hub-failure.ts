import { TidingsError } from "../sdk/index.ts";
import { CliError, EXIT_UNAVAILABLE, EXIT_USAGE } from "./error.ts";
import { printable } from "./output.ts";

/** The statuses that are about what was sent: sending the same again would be as wrong. */
const WRONG_INPUT = [400, 409, 413, 422];

/** Puts a hub's refusal into one line and an exit code; every other error stays as it is. */
export function hubFailure(error: unknown, where = ""): unknown {
  if (!(error instanceof TidingsError)) return error;
  const exitCode = WRONG_INPUT.includes(error.status) ? EXIT_USAGE : EXIT_UNAVAILABLE;
  return new CliError(where + printable(error.message), exitCode);
}
