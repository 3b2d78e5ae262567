import { expect, test } from "bun:test";
import { join } from "node:path";
import { importsOf } from "../../scripts/check/imports.ts";
import { selectTests } from "../../scripts/check/selection.ts";
import { emptyFolder } from "../folder.ts";

/** A project with empty files. */
async function project(...paths: string[]): Promise<string> {
  const root = emptyFolder();
  for (const path of paths) await Bun.write(join(root, path), "");
  return root;
}

test("filters are parts of paths; a slow suite is left out unless its own name is meant", async () => {
  const [block, crash, fuzz] = [
    "tests/log/block.test.ts",
    "tests/e2e/crash.slow.test.ts",
    "tests/e2e/fuzz.test.ts",
  ];
  const root = await project(block, crash, fuzz, "tests/hub.ts");
  const cases: [filters: string[], files: string[], slow: string[]][] = [
    [[], [crash, fuzz, block], []],
    [["log"], [block], []],
    [["./tests/log/"], [block], []],
    [["e2e"], [fuzz], [crash]],
    [["e2e/cr"], [crash], []],
    [["e2e", "crash"], [crash, fuzz], []],
    [["slow"], [crash], []],
    [["tests/"], [fuzz, block], [crash]],
    [["hub"], [], []],
  ];
  for (const [filters, files, slow] of cases) {
    expect([filters, selectTests(filters, root)]).toMatchObject([filters, { files, slow }]);
  }
});

test("only a run without filters and pattern is the whole", async () => {
  const root = await project("tests/a.test.ts");
  expect(selectTests([], root)).toMatchObject({ isWhole: true, options: [] });
  expect(selectTests(["a"], root)).toMatchObject({ isWhole: false });
  const named = selectTests(["-t", "late"], root);
  expect(named).toMatchObject({ isWhole: false, options: ["--test-name-pattern=late"] });
  expect(() => selectTests(["--bail"], root)).toThrow(TypeError);
});

test("a test needs what it imports through others, other than types", async () => {
  const root = emptyFolder();
  await Bun.write(
    join(root, "a.test.ts"),
    'import { b } from "./b.tsx";\nimport type { D } from "./d.ts";\n b as D;',
  );
  await Bun.write(join(root, "b.tsx"), 'import { c } from "./c.ts";\nexport const b = <p>{c}</p>;');
  await Bun.write(
    join(root, "c.ts"),
    'import { b } from "./b.tsx";\nexport const c = <T>(of: T) => [of, b];',
  );
  const found = await importsOf([join(root, "a.test.ts")]);
  expect([...found]).toEqual(["a.test.ts", "b.tsx", "c.ts"].map((name) => join(root, name)));
});
