import { InvalidArgumentError, Option } from "commander";
import { texts } from "../config/values.ts";
import { CliError } from "./error.ts";

// The flags with which a command finds its hub and says what it wants there. Each call makes new
// ones, since an option belongs to its command.

export const urlOption = () =>
  new Option("--url <url>", "the hub's address").default("http://127.0.0.1:3000").argParser(hubUrl);

export const tokenOption = () =>
  new Option("--token <token>", "the bearer token to show to the hub").argParser(headerText);

export const topicOption = (description: string) =>
  new Option("--topic <topic>", description).argParser(texts);

export const typeOption = (description: string) => new Option("--type <type>", description).argParser(texts);

/** What {@link urlOption} and {@link tokenOption} give. */
export interface HubOptions {
  readonly url: string;
  readonly token?: string;
}

function hubUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "") return url.href;
  throw new InvalidArgumentError("Expected a URL such as http://127.0.0.1:3000.");
}

/** @throws CliError, which unlike commander's own does not print the token. */
function headerText(text: string): string {
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  throw new CliError("--token has spaces, line ends or other characters that no token has");
}
