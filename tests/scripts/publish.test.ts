import { expect, test } from "bun:test";
import { availableParallelism, hostname, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { readMachine } from "../../scripts/machine.ts";
import { Catalog } from "../../src/events/catalog.ts";
import { killAfterwards } from "../defer.ts";
import { Reader } from "../http/reader.ts";
import { startHub } from "../hub.ts";

const script = fileURLToPath(new URL("../../scripts/publish.ts", import.meta.url));
test("the figures are the machine's own", async () => {
  const { checks, gauges } = await readMachine();
  expect(gauges).toMatchObject({ memoryTotal: totalmem(), processors: availableParallelism() });
  expect(gauges["memoryFree"]).toBeLessThan(totalmem());
  expect(gauges["diskFree"]).toBeLessThanOrEqual(gauges["diskTotal"] ?? 0);
  expect(checks.map(({ name }) => name)).toEqual(["load", "memory", "disk"]);
  for (const { used } of checks) expect(used).toBeGreaterThan(0);
});

test("they are published round after round, as built-in types only", async () => {
  const { url } = await startHub({ catalog: new Catalog() });
  const topic = encodeURIComponent(`machines/${hostname()}*`);
  const reader = await Reader.open(`${url}/events?topic=${topic}`);
  killAfterwards(
    Bun.spawn([process.execPath, script, "--url", url, "--every", "0.01"], { stdout: "ignore" }),
  );
  const types: string[] = [];
  // Two whole rounds; the first tells how everything is.
  while (types.filter((type) => type === "trace-update").length < 2) {
    const [event] = await reader.take(1);
    if (event) types.push(event[0]);
  }
  const first = types.slice(1, types.indexOf("trace-update") + 1);
  expect(first).toEqual([
    "metrics-update",
    "health-update",
    ..."widget-refresh ".repeat(3).trim().split(" "),
    ..."notification ".repeat(3).trim().split(" "),
    "nav-badge-update",
    "trace-update",
  ]);
  const { values } = (await (await fetch(`${url}/current`)).json()) as { values: { type: string }[] };
  const retained = values.map(({ type }) => type).toSorted();
  expect(retained).toEqual([
    "health-update",
    "metrics-update",
    ..."widget-refresh ".repeat(3).trim().split(" "),
  ]);
});

test("a hub that can't be reached is one line, and exit code 1", async () => {
  const child = Bun.spawn([process.execPath, script, "--url", "http://127.0.0.1:1"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  killAfterwards(child);
  expect(await new Response(child.stderr).text()).toMatch(/^the hub can't be reached: .*\n$/);
  expect(await child.exited).toBe(1);
});
