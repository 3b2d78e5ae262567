import { expect, test } from "bun:test";
import { join } from "node:path";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { defer } from "../defer.ts";
import { bearer, sign, startKeyedHub } from "../http/keyed-hub.ts";
import { Reader } from "../http/reader.ts";
import { startHub } from "../hub.ts";
import { until } from "../until.ts";
import { openFile, writeRecipe } from "./recipe.ts";

const ROOM = { subscribe: ["rooms/*"], presence: ["rooms/*"] };

test.skipIf(browserless)(
  "the page and the program of presence.md learn who is there",
  async () => {
    const { url } = startKeyedHub();
    const folder = await writeRecipe("presence", {});
    const alice = await sign(ROOM, { subject: "alice" });
    const page = await openPage(`${url}/healthz`);
    await page.evaluate(async (authorization) => {
      await fetch("/session", { method: "POST", headers: { authorization } });
    }, bearer(alice).authorization);
    await page.addScriptTag({ path: join(folder, "here.js") });
    const here = async () => String(await page.evaluate("[...here].sort().join()"));
    await until(async () => (await here()) === "alice");

    const program = join(folder, "present.ts");
    await Bun.write(program, (await Bun.file(program).text()).replace("http://127.0.0.1:3000", url));
    const running = Bun.spawn([process.execPath, program], {
      cwd: folder,
      env: { ...process.env, TIDINGS_TOKEN: await sign(ROOM, { subject: "bob" }) },
      stdout: "pipe",
    });
    defer(() => running.kill());
    await until(async () => (await here()) === "alice,bob");
    const carol = await Reader.open(
      `${url}/events?topic=rooms/7`,
      bearer(await sign(ROOM, { subject: "carol" })),
    );
    await until(async () => (await here()) === "alice,bob,carol");
    let told = "";
    for await (const chunk of running.stdout.pipeThrough(new TextDecoderStream())) {
      told += chunk;
      if (told.includes("carol")) break;
    }
    expect(told).toMatch(/^present rooms\/7 \[ "alice", "bob" \] 0\njoined rooms\/7 \[ "carol" \] 0\n$/);
    carol.leave();
  },
  BROWSER_TIMEOUT,
);

test.skipIf(browserless)(
  "the page of ended-topics.md shows all of a job that is over",
  async () => {
    const { url, broker } = startHub();
    const event = { type: "progress", topic: "jobs/7" };
    await broker.publish({ ...event, data: 40 });
    await broker.publish({ ...event, data: 100, end: true });
    const page = await openFile(url, join(await writeRecipe("ended-topics", {}), "progress.html"));
    await until(async () => (await page.evaluate("document.querySelector('progress').value")) === 100);
  },
  BROWSER_TIMEOUT,
);
