import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const src = join(import.meta.dir, "../../src");
const map = await Bun.file(join(src, "README.md")).text();
const named = Array.from(map.matchAll(/`([\w./-]+(?:\.tsx?|\/))`/g), ([, path = ""]) => path);

test("each file and folder that the map of the source names exists", () => {
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((path) => !existsSync(join(src, path)))).toEqual([]);
});

test("the map names each room, and each file beside them", () => {
  const entries = readdirSync(src, { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .filter((name) => /\/$|\.ts$/.test(name));
  expect(entries.filter((name) => !named.includes(name))).toEqual([]);
});

test("the page of a folder names each file of the folder", async () => {
  const pages = Array.from(new Bun.Glob("*/**/README.md").scanSync(src));
  expect(pages.length).toBeGreaterThan(0);
  for (const page of pages) {
    const text = await Bun.file(join(src, page)).text();
    const files = readdirSync(join(src, dirname(page))).filter((name) => name !== "README.md");
    expect(files.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  }
});
