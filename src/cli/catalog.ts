import { Command } from "commander";
import { Catalog } from "../events/catalog.ts";

export const catalog = new Command("catalog")
  .description("Print the event types that the hub knows, each as JSON Schema.")
  .addHelpText("after", "\n  $ tidings catalog > catalog.json")
  .action(() => {
    console.log(JSON.stringify(new Catalog(), null, 2));
  });
