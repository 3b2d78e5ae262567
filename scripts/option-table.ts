import type { Option } from "commander";
import { serveOptions } from "../src/config/flags.ts";

// The options of `tidings serve` as the README lists them. After a change of them, this puts the
// table there anew:
//
//   bun scripts/option-table.ts

const BEGIN = "<!-- options: made by scripts/option-table.ts -->";
const END = "<!-- /options -->";

/** The table, from the options themselves. */
export function optionTable(): string {
  const rows = serveOptions.map((option) =>
    row([`\`${option.flags}\``, defaultOf(option), meaningOf(option)]),
  );
  return [row(["Option", "Default", "Meaning"]), row(["---", "---", "---"]), ...rows].join("\n");
}

/** The table in a README; how it is padded aside, it should be the same. */
export function tableIn(readme: string): string {
  const table = readme.split(BEGIN)[1]?.split(END)[0];
  if (table === undefined) throw new Error("the README has no place for the options");
  return table.trim().replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---");
}

function defaultOf({ defaultValue, defaultValueDescription }: Option): string {
  const text = defaultValueDescription ?? (defaultValue === undefined ? "" : String(defaultValue));
  return text === "" || text === "false" ? "" : `\`${text}\``;
}

function meaningOf({ description, argChoices }: Option): string {
  return argChoices ? `${description}: ${argChoices.join(", ")}` : description;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

if (import.meta.main) {
  const readme = await Bun.file("README.md").text();
  const [before, rest = ""] = readme.split(BEGIN);
  await Bun.write("README.md", `${before}${BEGIN}\n\n${optionTable()}\n\n${END}${rest.split(END)[1]}`);
  Bun.spawnSync(["node_modules/.bin/biome", "format", "--write", "README.md"]);
}
