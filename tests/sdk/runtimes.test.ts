import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BROWSER_TIMEOUT } from "../browser.ts";
import { browsers } from "../browsers.ts";
import { startHub, type TestHub } from "../hub.ts";
import { stored } from "./stored.ts";

const folder = mkdtempSync(join(tmpdir(), "tidings-sdk-"));
afterAll(() => rmSync(folder, { recursive: true }));

const runtimes = {
  bun: [process.execPath],
  node: ["node"],
  deno: [fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url)), "run", "--allow-net"],
};

for (const [name, [program = "", ...args]] of Object.entries(runtimes)) {
  // A developer need not have all of them.
  test.skipIf(Bun.which(program) === null)(`runs on ${name}`, async () => {
    const hub = startHub();
    const child = Bun.spawn([program, ...args, await bundle(), hub.url], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const output = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    await expectDone(output, hub);
  });
}

for (const { name, isMissing, open } of browsers) {
  test.skipIf(isMissing)(
    `runs in ${name}`,
    async () => {
      const hub = startHub();
      const page = await open(`${hub.url}/metrics`);
      const script = await Bun.file(await bundle()).text();
      const output = await page.evaluate(`(async () => {
        let printed = "";
        console.log = (line) => { printed += line; };
        globalThis.process = { argv: ["", "", ${JSON.stringify(hub.url)}] };
        await import(URL.createObjectURL(new Blob([${JSON.stringify(script)}], { type: "text/javascript" })));
        return printed;
      })()`);
      await expectDone(String(output), hub);
    },
    BROWSER_TIMEOUT,
  );
}

async function expectDone(output: string, { url, broker }: TestHub): Promise<void> {
  expect(JSON.parse(output)).toEqual({
    seen: ["größe", ...Array.from({ length: 2000 }, (_, n) => n)],
    refused: [422, "/data/badge"],
    aborted: "enough",
  });
  expect(await stored(url)).toHaveLength(2001);
  expect(broker.totals.connected).toBe(3); // two of the script and the reader of what is stored
}

/** The script that runs there, in one plain JavaScript file. */
async function bundle(): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [fileURLToPath(new URL("runtimes.script.ts", import.meta.url))],
    target: "browser",
    outdir: folder,
    naming: "[name].mjs",
  });
  const [output] = outputs;
  if (!output) throw new Error("nothing was built");
  return output.path;
}
