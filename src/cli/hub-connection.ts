import { type ConnectionOptions, request, route } from "../sdk/connection.ts";
import { Deadline } from "../sdk/deadline.ts";
import { refusal, unreachable } from "../sdk/error.ts";
import { TidingsError } from "../sdk/index.ts";
import { CliError, EXIT_UNAVAILABLE, EXIT_USAGE } from "./error.ts";
import type { HubOptions } from "./hub-options.ts";
import { printable } from "./output.ts";

/** How long a hub may take to begin with its answer, in ms. */
const ANSWER_TIMEOUT_MS = 10_000;

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
 * @param timeout how long it may take to begin with its answer, in ms; undefined for ever
 * @throws CliError when it refuses or can't be reached.
 */
export async function ask(
  connection: ConnectionOptions,
  path: string,
  { timeout }: { timeout: number | undefined } = { timeout: ANSWER_TIMEOUT_MS },
): Promise<Response> {
  const deadline = new Deadline(undefined);
  if (timeout !== undefined) deadline.start(timeout, `no answer within ${timeout / 1000} s`);
  try {
    const url = route(connection, path);
    const response = await request(connection, url, { headers: {}, signal: deadline.signal });
    if (!response.ok) throw refusal(response, await response.text());
    return response;
  } catch (error) {
    throw hubFailure(error);
  } finally {
    deadline.stop();
  }
}

/** The error for an answer that broke off. */
export function lostHub({ url }: HubOptions, cause: unknown): unknown {
  return hubFailure(unreachable(url, cause));
}

/** Puts a hub's refusal into one line and an exit code; every other error stays as it is. */
export function hubFailure(error: unknown, where = ""): unknown {
  if (!(error instanceof TidingsError)) return error;
  const exitCode = WRONG_INPUT.includes(error.status) ? EXIT_USAGE : EXIT_UNAVAILABLE;
  return new CliError(where + printable(error.message), exitCode);
}
