import { InvalidArgumentError, Option } from "commander";
import { texts } from "../config/values.ts";
import { type ConnectionOptions, request, route } from "../sdk/connection.ts";
import { Deadline } from "../sdk/deadline.ts";
import { refusal, unreachable } from "../sdk/error.ts";
import { TidingsError } from "../sdk/index.ts";
import { CliError, EXIT_UNAVAILABLE, EXIT_USAGE } from "./error.ts";
import { hubFetch } from "./hub-fetch.ts";
import { printable } from "./output.ts";

// Flags of commands that use a hub. Each call makes a new option, because an option belongs to its command.

const DEFAULT_URL = "http://127.0.0.1:3000";

export const urlOption = () =>
  new Option("-u, --url <url>", "address of the hub, or unix:///path of its socket").argParser(hubUrl);

export const defaultUrlOption = () => urlOption().default(DEFAULT_URL);

export const tokenOption = () =>
  new Option("--token <token>", "key or token to show to the hub").argParser(headerText);

export const topicOption = (description: string) =>
  new Option("-t, --topic <topic>", description).argParser(texts);

export const typeOption = (description: string) => new Option("--type <type>", description).argParser(texts);

/** The values of {@link defaultUrlOption} and {@link tokenOption}. */
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

/** @throws CliError, because an error of commander would print the token */
function headerText(text: string): string {
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  throw new CliError("--token has spaces, line ends or other characters that no token has");
}

/** The longest time until a hub begins its answer, in ms. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The statuses for wrong input. To send the same again would not help. */
const WRONG_INPUT = [400, 409, 413, 422];

/** The options of the SDK for the hub that the flags name. */
export function connectionOf({ url, token }: HubOptions): ConnectionOptions {
  if (!url.startsWith("unix:")) return { url, token, fetch: hubFetch(url) };
  const unix = decodeURIComponent(new URL(url).pathname);
  return {
    url,
    token,
    fetch: (address, init) => fetch(`http://localhost${address.slice(url.length)}`, { ...init, unix }),
  };
}

/**
 * Sends a GET request to the hub.
 *
 * @param timeout the longest time until the answer begins, in ms; undefined for no limit
 * @throws CliError when the hub refuses, or can't be reached
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

/** The error for an answer that ended early. */
export function lostHub({ url }: HubOptions, cause: unknown): unknown {
  return hubFailure(unreachable(url, cause));
}

/** Turns a refusal of the hub into one line and an exit code. Other errors do not change. */
export function hubFailure(error: unknown, where = ""): unknown {
  if (!(error instanceof TidingsError)) return error;
  const exitCode = WRONG_INPUT.includes(error.status) ? EXIT_USAGE : EXIT_UNAVAILABLE;
  const remedy = error.message.endsWith("not trusted")
    ? "; NODE_EXTRA_CA_CERTS names an authority of your own"
    : "";
  return new CliError(where + printable(error.message) + remedy, exitCode);
}
