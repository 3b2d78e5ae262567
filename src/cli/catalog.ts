import { type Command, Option } from "commander";
import { text } from "../config/values.ts";
import { CommandWithVariables } from "../config/variables.ts";
import { Catalog } from "../events/catalog.ts";
import { EventsFile } from "../events/events-file.ts";
import { CatalogError } from "../events/schema.ts";
import { CliError } from "./error.ts";
import { notesAndExamples } from "./help.ts";
import { ask, connectionOf, tokenOption, urlOption } from "./hub-connection.ts";
import { print } from "./output.ts";

interface CatalogOptions {
  readonly events?: string;
  readonly url?: string;
  readonly token?: string;
}

export const catalog = new CommandWithVariables("catalog")
  .description("Print the event types that a hub knows, each as JSON Schema.")
  .addOption(
    new Option("-e, --events <file>", "add the types of this module to the built-in ones").argParser(text),
  )
  .addOption(urlOption())
  .addOption(tokenOption())
  .addHelpText("after", ({ command }) =>
    notesAndExamples(command, "With --url they are those of the running hub.", [
      "tidings catalog --events events.ts > catalog.json",
      "tidings catalog --url http://127.0.0.1:3000",
    ]),
  )
  .action(run);

async function run(options: CatalogOptions, command: Command): Promise<void> {
  const { events, url, ...more } = settled(options, command);
  const types =
    url === undefined
      ? new Catalog(events === undefined ? {} : await load(events))
      : await (await ask(connectionOf({ url, ...more }), "catalog")).json();
  await print(`${JSON.stringify(types, null, 2)}\n`);
}

/** A flag wins over the variable of the other one. */
function settled(options: CatalogOptions, command: Command): CatalogOptions {
  const { events, url, ...more } = options;
  if (events === undefined || url === undefined) return options;
  const isFlag = (name: string) => command.getOptionValueSource(name) === "cli";
  if (isFlag("events") === isFlag("url")) {
    throw new CliError("give one of --events and --url: a hub has a catalog of its own");
  }
  return isFlag("events") ? { events, ...more } : { url, ...more };
}

async function load(path: string) {
  try {
    return await new EventsFile(path).load();
  } catch (error) {
    throw error instanceof CatalogError ? new CliError(error.message) : error;
  }
}
