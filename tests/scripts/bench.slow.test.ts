import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { peers } from "../../scripts/measure/peers.ts";
import { emptyFolder } from "../folder.ts";
import { ended } from "../program.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

async function bench(...args: string[]) {
  return run(["scripts/bench", ...args]);
}

async function run(command: string[]) {
  const child = Bun.spawn(command, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  return ended(child);
}

/** The cells of a case's line, without its name and the server's. */
function cells(output: string, name: string, server: string): string[] | undefined {
  const start = `| ${name} | ${server} | `;
  const line = output.split("\n").find((text) => text.startsWith(start));
  return line?.slice(start.length, -" |".length).split(" | ");
}

const count = expect.stringMatching(/^[\d,]+$/);
const ratio = expect.stringMatching(/^\d+\.\d\d$/);
const percent = expect.stringMatching(/^\d+ %$/);
const time = expect.stringMatching(/^[\d.,]+ [mµ]?s$/);
const kibibytes = expect.stringMatching(/^-?[\d.]+ KiB$/);
const mebibytes = expect.stringMatching(/^[\d.]+ MiB$/);

test("measures the hub and the floor, with nothing lost, and draws a chart", async () => {
  const svg = join(emptyFolder(), "bench.svg");
  const { output, errors, code } = await bench("--quick", "--case", "100 clients", "--svg", svg);
  expect({ code, errors }).toMatchObject({ code: 0, errors: expect.stringContaining("[2/2] 100 clients") });
  for (const server of ["tidings", "floor"]) {
    expect(cells(output, "100 clients", server)).toEqual([count, ratio, count, percent, time, "0"]);
  }
  expect(output).toMatch(/^The load generator took [\d.]+ to [\d.]+ s of CPU for each of a server's\.$/m);
  expect(await Bun.file(svg).text()).toStartWith("<svg ");
}, 60_000);

test("compares many topics with one, and the floor does the same", async () => {
  const { output } = await bench("--quick", "--case", "topic");
  for (const server of ["tidings", "floor"]) {
    const found = cells(output, "1,000 topics, 10 clients each", server);
    expect(found).toEqual([count, ratio, ratio, count, ratio, percent, time, "0"]);
  }
}, 60_000);

test("compares a file with memory, names who has no batches, and removes the file", async () => {
  const { output } = await bench("--quick", "--case", "batches");
  const found = cells(output, "batches, --store FILE.db", "tidings");
  expect(found).toEqual([count, ratio, count, ratio, percent, time]);
  expect(output).toContain(
    'floor has no batches: left out of "batches, in memory", "batches, --store FILE.db"',
  );
  expect((await readdir(join(root, "dist"))).filter((name) => name.startsWith("bench-"))).toEqual([]);
}, 60_000);

test("opens as many clients as files may be open, and says how many that were", async () => {
  const limited = 'ulimit -n 700 && exec scripts/bench --quick --case "$0"';
  const { output, code } = await run(["sh", "-c", limited, "500 clients, idle"]);
  expect(code).toBe(0);
  expect(cells(output, "500 clients, idle", "tidings")).toEqual([kibibytes, time, time]);
  expect(output).toContain("Only 700 files may be open (ulimit -n): no process has more than 500 clients.");
}, 60_000);

describe.if(process.platform === "linux")("over workers", () => {
  test("all processes count, beside one process", async () => {
    const { output, code } = await bench("--quick", "--case", "64 publishers, 2 workers");
    expect(code).toBe(0);
    for (const where of ["one process", "2 workers"]) {
      const found = cells(output, `1,000 clients, 64 publishers, ${where}`, "tidings");
      expect(found).toEqual([count, ratio, count, ratio, percent, time, "0"]);
    }
  }, 60_000);

  test("each worker's memory is told, and an event reaches more clients than a process may have files", async () => {
    const limited = 'ulimit -n 700 && exec scripts/bench --rounds 1 --case "$0"';
    const idle = await run(["sh", "-c", limited, "idle, 3 workers"]);
    expect(idle.code).toBe(0);
    const arrival = [kibibytes, time, time, mebibytes, mebibytes];
    expect(cells(idle.output, "500 clients, idle, 3 workers", "tidings")).toEqual(arrival);
    const event = await run(["sh", "-c", limited, "one event"]);
    expect(event.code).toBe(0);
    const told = [kibibytes, mebibytes, time, time, time, time, "0"];
    expect(cells(event.output, "1,666 clients, one event, 4 workers", "tidings")).toEqual(told);
  }, 120_000);
});

// The peers are nobody's to install for the tests: whoever has one on the PATH can measure it.
for (const { name } of peers.filter(({ program }) => Bun.which(program) !== null)) {
  test(`measures ${name}, which it starts and stops`, async () => {
    const { output, code } = await bench("--quick", "--case", "100 clients", `--${name}`);
    expect(code).toBe(0);
    expect(cells(output, "100 clients", name)).toEqual([count, ratio, count, percent, time, "0"]);
    const left = await readdir(tmpdir());
    expect(left.filter((entry) => entry.startsWith(`bench-${name}-`))).toEqual([]);
  }, 60_000);
}

test("a hub that fails costs its own figures only, and the exit code is 1", async () => {
  const deaf = Bun.serve({ port: 0, fetch: () => new Response("no", { status: 503 }) });
  const peer = join(emptyFolder(), "deaf.json");
  const url = deaf.url.href;
  await Bun.write(peer, JSON.stringify({ name: "deaf", subscribe: url, publish: url }));
  try {
    const { output, code } = await bench("--quick", "--case", "100 clients", "--peer", peer);
    expect(code).toBe(1);
    expect(cells(output, "100 clients", "tidings")).toEqual([count, ratio, count, percent, time, "0"]);
    expect(cells(output, "100 clients", "deaf")).toEqual(["–", "–", "–", "–", "–", "–"]);
    expect(output).toContain('deaf failed at "100 clients": a stream was refused: HTTP/1.1 503');
  } finally {
    await deaf.stop(true);
  }
}, 60_000);

test("a wrong flag, case or file is code 2, and one line that says why before the usage", async () => {
  const missing = join(emptyFolder(), "missing.json");
  for (const args of [["--fast"], ["--case", "nothing like it"], ["--rounds", "0"], ["--peer", missing]]) {
    const { code, errors } = await bench(...args);
    expect({ args, code }).toEqual({ args, code: 2 });
    expect(errors).toMatch(/^bench: .+\nusage: /m);
  }
});
