import { InvalidArgumentError, Option } from "commander";
import { texts } from "../config/values.ts";
import { CliError } from "./error.ts";

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
