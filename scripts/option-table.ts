import type { Option } from "commander";
import { serveOptions } from "../src/config/flags.ts";
import { table, writePart } from "./generated-part.ts";

// The options of `tidings serve` as the manual lists them. After a change of them, this puts the
// table there anew:
//
//   bun scripts/option-table.ts

/** The table, from the options themselves. */
export function optionTable(): string {
  return table(
    ["Option", "Default", "Meaning"],
    serveOptions.map((option) => [`\`${option.flags}\``, defaultOf(option), meaningOf(option)]),
  );
}

function defaultOf({ defaultValue, defaultValueDescription }: Option): string {
  const text = defaultValueDescription ?? (defaultValue === undefined ? "" : String(defaultValue));
  return text === "" || text === "false" ? "" : `\`${text}\``;
}

function meaningOf({ description, argChoices }: Option): string {
  return argChoices ? `${description}: ${argChoices.join(", ")}` : description;
}

if (import.meta.main) await writePart("src/manual/options.md", "options", optionTable());
