import { type ConnectionOptions, request, route } from "../sdk/connection.ts";
import { Deadline } from "../sdk/deadline.ts";
import { refusal } from "../sdk/error.ts";
import { TidingsError } from "../sdk/index.ts";
import { CliError, EXIT_UNAVAILABLE, EXIT_USAGE } from "./error.ts";
import type { HubOptions } from "./hub-options.ts";
import { printable } from "./output.ts";

/** How long a hub may take to begin with its answer, in ms. */
const ANSWER_TIMEOUT = 10_000;

/** The statuses that are about what was sent: sending the same again would be as wrong. */
const WRONG_INPUT = [400, 409, 413, 422];

/** What the SDK takes to reach the hub that the flags name. */
export function connectionOf({ url, token }: HubOptions): ConnectionOptions {
  if (!url.startsWith("unix:")) return { url, token };
  const unix = decodeURIComponent(new URL(url).pathname);
  return {
    url,
    token,
    fetch: (address, init) => fetch(`http://localhost${address.slice(url.length)}`, { ...init, unix }),
  };
}

/**
 * Asks the hub for something.
 *
 * @throws CliError when it refuses or can't be reached.
 */
export async function ask(connection: ConnectionOptions, path: string): Promise<Response> {
  const deadline = new Deadline(undefined);
  deadline.start(ANSWER_TIMEOUT, `no answer within ${ANSWER_TIMEOUT / 1000} s`);
  try {
    const url = route(connection, path);
    const response = await request(connection, url, { headers: {}, signal: deadline.signal });
    deadline.stop();
    if (!response.ok) throw refusal(response, await response.text());
    return response;
  } catch (error) {
    throw hubFailure(error);
  } finally {
    deadline.stop();
  }
}

/** Puts a hub's refusal into one line and an exit code; every other error stays as it is. */
export function hubFailure(error: unknown, where = ""): unknown {
  if (!(error instanceof TidingsError)) return error;
  const exitCode = WRONG_INPUT.includes(error.status) ? EXIT_USAGE : EXIT_UNAVAILABLE;
  return new CliError(where + printable(error.message), exitCode);
}
