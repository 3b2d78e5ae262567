import { InvalidArgumentError, Option } from "commander";
import { texts } from "../config/values.ts";
import { type ConnectionOptions, request, route } from "../sdk/connection.ts";
import { Deadline } from "../sdk/deadline.ts";
import { refusal, unreachable } from "../sdk/error.ts";
import { TidingsError } from "../sdk/index.ts";
import { CliError, EXIT_UNAVAILABLE, EXIT_USAGE } from "./error.ts";
import { printable } from "./output.ts";

// The flags with which a command finds its hub and says what it wants there. Each call makes new
// ones, since an option belongs to its command.

const DEFAULT_URL = "http://127.0.0.1:3000";

export const urlOption = () =>
  new Option("-u, --url <url>", "address of the hub, or unix:///path of its socket").argParser(hubUrl);

export const defaultUrlOption = () => urlOption().default(DEFAULT_URL);

export const tokenOption = () =>
  new Option("--token <token>", "key or token to show to the hub").argParser(headerText);

export const topicOption = (description: string) =>
  new Option("-t, --topic <topic>", description).argParser(texts);

export const typeOption = (description: string) => new Option("--type <type>", description).argParser(texts);

/** What {@link defaultUrlOption} and {@link tokenOption} give. */
export interface HubOptions {
  readonly url: string;
  readonly token?: string;
}

function hubUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHub =
    url?.protocol === "unix:"
      ? url.host === "" && url.pathname !== ""
      : /^https?:$/.test(url?.protocol ?? "");
  if (url && isHub && url.search === "" && url.hash === "") return url.href.replace(/\/+$/, "");
  throw new InvalidArgumentError(`Expected a URL such as ${DEFAULT_URL} or unix:///run/tidings.sock.`);
}

/** @throws CliError, which unlike commander's own does not print the token. */
function headerText(text: string): string {
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  throw new CliError("--token has spaces, line ends or other characters that no token has");
}

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
