import { Option } from "commander";
import { CommandWithVariables } from "../config/variables.ts";
import { Catalog } from "../events/catalog.ts";
import { EventsFile } from "../events/events-file.ts";
import { CatalogError } from "../events/schema.ts";
import { CliError } from "./error.ts";
import { print } from "./output.ts";

export const catalog = new CommandWithVariables("catalog")
  .description("Print the event types that the hub knows, each as JSON Schema.")
  .addOption(
    new Option(
      "--events <file>",
      "a module whose default export maps event types to TypeBox schemas; they are printed as well",
    ),
  )
  .addHelpText("after", "\n  $ tidings catalog --events events.ts > catalog.json")
  .action(run);

async function run({ events }: { readonly events?: string }): Promise<void> {
  const catalog = new Catalog(events === undefined ? {} : await load(events));
  await print(`${JSON.stringify(catalog, null, 2)}\n`);
}

async function load(path: string) {
  try {
    return await new EventsFile(path).load();
  } catch (error) {
    throw error instanceof CatalogError ? new CliError(error.message) : error;
  }
}
