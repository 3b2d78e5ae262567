import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Counts } from "../../scripts/check/step.ts";
import { emptyFolder } from "../folder.ts";

const step = JSON.stringify(join(import.meta.dir, "../../scripts/check/bun-test.ts"));

/** What the run of such files counts, in CI. */
async function countsOf(files: Readonly<Record<string, string>>): Promise<Counts> {
  const folder = emptyFolder();
  for (const [name, text] of Object.entries(files)) {
    await Bun.write(join(folder, name), `import { test } from "bun:test";\n${text}`);
  }
  const names = JSON.stringify(Object.keys(files));
  const run = `import { bunTestStep } from ${step};
    const counts = await bunTestStep(${names}, []).run();
    console.log("\\n" + JSON.stringify(counts));`;
  const child = Bun.spawn([process.execPath, "-e", run], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, CI: "true" },
  });
  const output = await new Response(child.stdout).text();
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

const passes = 'test("passes", () => {});';

test.each<[what: string, text: string, passed: number, failed: number, skipped: number]>([
  ["passes", passes, 2, 0, 0],
  ["has a test that fails", `${passes} test("fails", () => { throw new Error(); });`, 2, 1, 0],
  ["has tests that are passed over", `${passes} test.skip("later", () => {}); test.todo("last");`, 2, 0, 2],
  ["registers no test", "test;", 1, 1, 0],
  ["has all of its tests left out but one", `test.only("one", () => {}); ${passes}`, 1, 1, 0],
  ["does not load", `${passes} throw new Error();`, 1, 1, 0],
  ["can't be read", "}", 1, 1, 0],
  [
    "fails after its tests",
    `import { afterAll } from "bun:test"; afterAll(() => { throw 1; }); ${passes}`,
    2,
    1,
    0,
  ],
  ["throws when nobody waits for it", `test("a", () => void Promise.reject(new Error()));`, 1, 1, 0],
  ["ends the process as if all were well", `${passes} test("exits", () => process.exit(0));`, 2, 1, 0],
])("a file that %s is counted so", async (_, text, passed, failed, skipped) => {
  const counts = await countsOf({ "a.test.ts": passes, "b.test.ts": text });
  expect(counts).toEqual({ passed, failed, skipped });
});

test("when the run breaks off, what was not begun has failed", async () => {
  const crashes = "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});";
  const names = Array.from("abcdefgh", (letter) => `${letter}.test.ts`);
  const { passed, failed } = await countsOf(Object.fromEntries(names.map((name) => [name, crashes])));
  expect({ passed, failed }).toEqual({ passed: 0, failed: names.length });
});
