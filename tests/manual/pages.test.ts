import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pageNames } from "../../src/manual/pages.ts";
import { renderManual } from "../../src/manual/render/render.ts";

const root = join(import.meta.dir, "../..");
const folder = join(root, "src/manual");
const textOf = (name: string) => Bun.file(join(folder, `${name}.md`)).text();

const manual = await renderManual();

test("the contents name each page once", () => {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => name.slice(0, -".md".length));
  expect([...pageNames].sort()).toEqual(files.sort());
});

test("each link leads to a page, to a heading of one, or to a file of the repository", async () => {
  const { pages } = manual;
  const broken: string[] = [];
  for (const name of pageNames) {
    for (const [, href = ""] of (await textOf(name)).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)) {
      const [path = "", anchor] = href.split("#");
      const page = path === "" ? name : /^\.\/([\w-]+)\.md$/.exec(path)?.[1];
      const leads =
        page === undefined
          ? existsSync(join(folder, path))
          : page in pages && (anchor === undefined || pages[page]?.html.includes(` id="${anchor}"`));
      if (!leads) broken.push(`${name}: ${href}`);
    }
  }
  expect(broken).toEqual([]);
});

test("the text that is looked for is found where it stands", async () => {
  const { default: MiniSearch } = await import("minisearch");
  const { searchOptions } = await import("../../src/manual/page/search-options.ts");
  const index = MiniSearch.loadJSON(manual.index, searchOptions);
  expect(index.search("start a hub")[0]).toMatchObject({ link: "start#start-a-hub", page: "Start" });
  // Another form of the word, and words that say nothing.
  expect(index.search("how do I rotate a key").map(({ page }) => page)).toContain("Keys and rotation");
  // A word that is still being typed, and one with a slip.
  expect(index.search("publi").length).toBeGreaterThan(0);
  expect(index.search("publsh").length).toBeGreaterThan(0);
});
