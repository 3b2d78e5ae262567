import { type Command, Option } from "commander";
import { count, duration, port, size } from "./cli/values.ts";
import { DEFAULT_BOUNDS } from "./log/store.ts";

/** How a hub is to run: flags first, then the environment, then the defaults. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly strict: boolean;
  /** Milliseconds. */
  readonly keepAlive: number;
  readonly historyEvents: number;
  /** Bytes. */
  readonly historyBytes: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

const LOG_LEVELS = ["debug", "info", "warn", "error"];

const options: readonly Option[] = [
  new Option("--port <port>", "port to listen on; 0 takes any that is free").default(3000).argParser(port),
  new Option("--host <address>", "address to listen on").default("127.0.0.1"),
  new Option("--strict", "refuse event types that the catalog does not know").default(false),
  new Option("--keep-alive <duration>", "how often every stream is sent a comment; 0 for never")
    .default(15_000, "15s")
    .argParser(duration),
  new Option("--history-events <count>", "how many events are kept for clients that come back")
    .default(DEFAULT_BOUNDS.events)
    .argParser(count),
  new Option("--history-bytes <size>", "how much memory those may take")
    .default(DEFAULT_BOUNDS.bytes, "64MiB")
    .argParser(size),
  new Option("--log-level <level>", "what to log").choices(LOG_LEVELS).default("info"),
];

/** Gives the command every flag of a {@link Config}, each with its environment variable. */
export function withServeOptions(command: Command): Command {
  for (const option of options) command.addOption(option.env(variableOf(option)));
  return command;
}

/** `--keep-alive` is TIDINGS_KEEP_ALIVE. */
function variableOf(option: Option): string {
  return `TIDINGS_${option.name().toUpperCase().replaceAll("-", "_")}`;
}
