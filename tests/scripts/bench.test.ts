import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "tidings-bench-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function bench(...args: string[]) {
  const child = Bun.spawn(["scripts/bench", ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

test("measures the hub and the floor, with nothing lost, and draws a chart", async () => {
  const svg = join(folder, "bench.svg");
  const { stdout, stderr, code } = await bench("--quick", "--case", "100 clients", "--svg", svg);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("[2/2] 100 clients") });
  for (const server of ["tidings", "floor"]) {
    const line = stdout.split("\n").find((text) => text.startsWith(`| 100 clients | ${server} |`));
    expect(line).toMatch(/\| [\d,]+ \| [\d.]+ \| [\d,]+ \| [\d.e+]+ ms \| -?[\d.]+ KiB \| 0 \|$/);
  }
  expect(await Bun.file(svg).text()).toStartWith("<svg ");
}, 60_000);

test("a wrong flag, case or file is code 2, and one line that says why before the usage", async () => {
  const missing = join(folder, "missing.json");
  for (const args of [["--fast"], ["--case", "nothing like it"], ["--rounds", "0"], ["--peer", missing]]) {
    const { code, stderr } = await bench(...args);
    expect({ args, code }).toEqual({ args, code: 2 });
    expect(stderr).toMatch(/^bench: .+\nusage: /m);
  }
}, 30_000);
