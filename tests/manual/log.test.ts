import { expect, test } from "bun:test";
import { Glob } from "bun";

const page = await Bun.file(new URL("../../src/manual/log.md", import.meta.url)).text();
const src = new URL("../../src/", import.meta.url).pathname;

/** A call that logs, from its name to the end of its text: fields, which may be an object, and the text. */
const CALL =
  /(?:ogger\??|\blog)\.(?:warn|error)\(\s*(?:\{[^;]*?\}|[\w.()]+),\s*(["`])((?:(?!\1).)+)\1|(?:\b(?:warned|warn|sayOnce)\(|const warning =)\s*(?:\{[^;]*?\},\s*error,\s*)?(["`])((?:(?!\3).)+)\3/g;

/** What the hub logs at the levels `warn` and `error`. */
async function linesOfCode(): Promise<string[]> {
  const lines = new Set<string>();
  for await (const file of new Glob("**/*.ts").scan(src)) {
    if (/^(console\/page|sdk|cli\/init|manual)\//.test(file)) continue;
    const text = await Bun.file(src + file).text();
    for (const [, , whole, , told] of text.matchAll(CALL)) lines.add(whole ?? told ?? "");
  }
  return [...lines];
}

/** The lines in the first columns of the tables. */
const linesOfPage = Array.from(page.matchAll(/^\| (`.*?`) +\|/gm)).flatMap(([, cell = ""]) =>
  Array.from(cell.matchAll(/`([^`]+)`/g), ([, line = ""]) => line),
);

test("each line of the levels warn and error is explained", async () => {
  const lines = await linesOfCode();
  expect(lines.length).toBeGreaterThan(35);
  expect(lines.filter((line) => !linesOfPage.some((told) => line.includes(told)))).toEqual([]);
});

test("no line is explained that the hub does not log", async () => {
  const sources = await Array.fromAsync(new Glob("**/*.ts").scan(src), (file) => Bun.file(src + file).text());
  const all = sources.join("\n");
  expect(linesOfPage.filter((line) => !all.includes(line))).toEqual([]);
});
