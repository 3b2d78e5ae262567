import { expect, test } from "bun:test";
import { join } from "node:path";

test("the tests of the list of requirements are there", async () => {
  const list = await Bun.file(join(import.meta.dir, "README.md")).text();
  const named = [...list.matchAll(/\| ([^|:]+): ([^|]+?) +\|$/gm)];
  expect(named.length).toBeGreaterThan(50);
  const root = join(import.meta.dir, "..", "..");
  const missing: string[] = [];
  for (const [, file = "", name = ""] of named) {
    const path = file.includes("/") ? join(root, file) : join(import.meta.dir, `${file}.test.ts`);
    if (!(await Bun.file(path).text()).includes(`"${name}`)) missing.push(`${file}: ${name}`);
  }
  expect(missing).toEqual([]);
});
