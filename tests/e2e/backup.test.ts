import { expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { emptyFolder } from "../folder.ts";
import { post } from "../post.ts";
import { runBinary, serveBinary } from "./binary.ts";

interface History {
  readonly events: readonly { readonly id: string; readonly time: string; readonly data: unknown }[];
}

async function historyOf(url: string): Promise<History["events"]> {
  const answer = await fetch(`${url}/history`);
  return ((await answer.json()) as History).events;
}

for (const store of ["memory", "events.db"]) {
  test(`a backup of a hub that runs opens as a store, with all that ${store} held`, async () => {
    const folder = emptyFolder();
    const hub = await serveBinary(folder, "--store", store);
    for (const n of [1, 2, 3]) {
      await post(`${hub.url}/publish`, { type: "n", data: n, topic: "a", ...(n === 2 && { id: "mine" }) });
    }
    const backup = await runBinary(folder, "backup", "copy.db", "--url", hub.url);
    expect(backup).toEqual({ code: 0, output: "", errors: "" });
    expect((await stat(join(folder, "copy.db"))).mode & 0o777).toBe(0o600);
    await post(`${hub.url}/publish`, { type: "n", data: 4 });
    const held = await historyOf(hub.url);
    const copy = await serveBinary(folder, "--store", "copy.db");
    expect(await historyOf(copy.url)).toEqual(held.slice(0, 3));
    // The copy goes on by itself, and an id of before is still known.
    const again = await post(`${copy.url}/publish`, { type: "n", data: 2, topic: "a", id: "mine" });
    expect(await again.json()).toMatchObject({ id: "mine", duplicate: true });
  });
}

test("a damaged file is refused with the flag that goes on with what is whole", async () => {
  const folder = emptyFolder();
  const hub = await serveBinary(folder, "--store", "events.db");
  for (let n = 0; n < 200; n++) await post(`${hub.url}/publish`, { type: "n", data: "x".repeat(1000) });
  hub.kill("SIGTERM");
  await hub.exited;
  const path = join(folder, "events.db");
  const bytes = await Bun.file(path).bytes();
  bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 8192);
  await Bun.write(path, bytes);
  const refused = await runBinary(folder, "serve", "--port", "0", "--store", "events.db");
  expect(refused).toMatchObject({ code: 2, output: "" });
  expect(refused.errors).toMatch(/^tidings: events\.db is damaged: [^\n]*: --repair\n$/);
  const repaired = await serveBinary(folder, "--store", "events.db", "--repair");
  const held = await historyOf(repaired.url);
  expect(held.length).toBeGreaterThan(0);
  expect(held.length).toBeLessThan(200);
});
