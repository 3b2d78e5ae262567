import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { runBinary } from "../e2e/binary.ts";
import { emptyFolder } from "../folder.ts";

// That what it writes works is tested with the README, whose commands are those that it names.

test("it writes what its next steps need, in a folder that it makes, and the catalog loads", async () => {
  const folder = emptyFolder();
  const { code, output } = await runBinary(folder, "init", "my shop/live");
  expect(code).toBe(0);
  expect(output).toContain("\n  cd 'my shop/live'\n");
  const written = await readdir(join(folder, "my shop/live"));
  expect(written.sort()).toEqual([
    "events.ts",
    "index.html",
    "package.json",
    "publish.ts",
    expect.stringMatching(/^tidings-\d+\.\d+\.\d+\.tgz$/),
    "tsconfig.json",
  ]);
  const catalog = await runBinary(join(folder, "my shop/live"), "catalog", "--events", "events.ts");
  expect(Object.keys(JSON.parse(catalog.output))).toContain("order-created");
});

test("it overwrites nothing, and then writes nothing either", async () => {
  const folder = emptyFolder();
  await Bun.write(join(folder, "index.html"), "mine");
  const { code, errors } = await runBinary(folder, "init");
  expect({ code, errors }).toEqual({
    code: 2,
    errors: "tidings: nothing is overwritten, and there is index.html\n",
  });
  expect(await readdir(folder)).toEqual(["index.html"]);
  expect(await Bun.file(join(folder, "index.html")).text()).toBe("mine");
});

test("a folder that can't be made is one line", async () => {
  const folder = emptyFolder();
  await Bun.write(join(folder, "file"), "");
  const { code, errors } = await runBinary(folder, "init", "file/below");
  expect(code).toBe(2);
  expect(errors).toMatch(/^tidings: can't write to file\/below: .*\n$/);
});

test("--page writes a page alone, and says how to see it", async () => {
  const folder = emptyFolder();
  const { code, output } = await runBinary(folder, "init", "--page", "my page");
  expect(code).toBe(0);
  expect(await readdir(join(folder, "my page"))).toEqual(["index.html"]);
  for (const part of ["Wrote my page/index.html", "--cors-origin http://localhost:8080", "'my page'"]) {
    expect(output).toContain(part);
  }
});
