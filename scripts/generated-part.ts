// Parts of documents that a script makes. They stand between two comments:
//
//   <!-- options: made by scripts/option-table.ts -->
//   <!-- /options -->

function marks(name: string, text: string): { before: string; part: string; after: string } {
  const [, begin, part, end] =
    new RegExp(`(<!-- ${name}: .* -->)([\\s\\S]*?)(<!-- /${name} -->)`).exec(text) ?? [];
  if (begin === undefined || part === undefined || end === undefined) {
    throw new Error(`the document has no place for ${name}`);
  }
  const at = text.indexOf(begin) + begin.length;
  return { before: text.slice(0, at), part, after: text.slice(at + part.length) };
}

/** What stands there; however tables are padded, it is the same. */
export function partIn(text: string, name: string): string {
  return normal(marks(name, text).part);
}

/** The text as {@link partIn} gives it. */
export function normal(text: string): string {
  return text.trim().replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---");
}

/** Puts the part there anew, and formats the document. */
export async function writePart(file: string, name: string, part: string): Promise<void> {
  const { before, after } = marks(name, await Bun.file(file).text());
  await Bun.write(file, `${before}\n\n${part}\n\n${after}`);
  Bun.spawnSync(["node_modules/.bin/biome", "format", "--write", file]);
}

/** A row of a table. */
export function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** A table with its head. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}
