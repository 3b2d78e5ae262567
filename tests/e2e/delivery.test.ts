import { expect, test } from "bun:test";
import { join } from "node:path";
import { readLines } from "../../src/cli/event-line.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { killAfterwards } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { Reader } from "../http/reader.ts";
import { cleanEnvironment } from "../program.ts";
import { until } from "../until.ts";
import { binary, runBinary, serveBinary } from "./binary.ts";
import { statusOf } from "./hub-client.ts";

const COUNT = 10_000;
const OTHERS = 50;

/** A received event of the many, or of the ones that come in between. */
interface Received {
  readonly type: string;
  readonly n: number;
}

/** Each once and in order: all of the many, and all of those in between. */
function expectAll(received: readonly Received[]): void {
  const of = (type: string) => received.filter((event) => event.type === type).map(({ n }) => n);
  expect(of("order")).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  expect(of("other")).toEqual(Array.from({ length: OTHERS }, (_, n) => n));
  expect(received).toHaveLength(COUNT + OTHERS);
}

test.skipIf(browserless)(
  "10,000 lines of `publish -`, and others by curl meanwhile, reach a page, `listen` and a reader once and in order",
  async () => {
    const folder = emptyFolder();
    const { url } = await serveBinary(folder, "--history-events", "100");

    const reader = await Reader.open(`${url}/events?topic=orders/*`);
    await reader.next();

    const page = await openPage(`${url}/healthz`);
    const seen = page.evaluate(
      (total) =>
        new Promise<{ type: string; n: number }[]>((resolve, reject) => {
          const seen: { type: string; n: number }[] = [];
          const source = new EventSource("/events?topic=orders/*");
          source.addEventListener("error", () => reject(new Error("the stream broke")));
          for (const type of ["order", "other"]) {
            source.addEventListener(type, ({ data }) => {
              seen.push({ type, n: JSON.parse(data).n });
              if (seen.length === total) resolve(seen);
            });
          }
        }),
      COUNT + OTHERS,
    );

    const listening = Bun.spawn([binary, "listen", "--topic", "orders/*", "--json", "--url", url], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
      env: cleanEnvironment(),
    });
    killAfterwards(listening);
    await until(async () => (await statusOf(url)).connected_clients === 3);

    const lines = Array.from({ length: COUNT }, (_, n) =>
      JSON.stringify({ type: "order", data: { n, note: "größe\n→ \u2028" }, topics: [`orders/${n % 7}`] }),
    );
    await Bun.write(join(folder, "orders.ndjson"), lines.join("\n"));
    const publishing = Bun.spawn([binary, "publish", "-", "--url", url], {
      cwd: folder,
      stdio: [Bun.file(join(folder, "orders.ndjson")), "pipe", "inherit"],
      env: cleanEnvironment(),
    });
    killAfterwards(publishing);
    const ids = new Response(publishing.stdout).text();
    for (let n = 0; n < OTHERS; n++) {
      const event = JSON.stringify({ type: "other", data: { n }, topics: ["orders/other"] });
      const post = ["-sS", "--fail", "-H", "content-type: application/json", "-d", event, `${url}/publish`];
      expect(await Bun.spawn(["curl", ...post], { stdio: ["ignore", "ignore", "inherit"] }).exited).toBe(0);
    }
    expect(await publishing.exited).toBe(0);
    expect(new Set((await ids).trim().split("\n")).size).toBe(COUNT);
    // For nobody who listens here.
    await runBinary(folder, "publish", "order", '{"n":-1}', "--topic", "bills/1", "--url", url);

    expectAll(await seen);
    expectAll(
      (await reader.take(COUNT + OTHERS)).map(([type, data]) => ({ type, n: (data as { n: number }).n })),
    );
    const heard: Received[] = [];
    for await (const line of readLines(listening.stdout)) {
      const { type, data } = JSON.parse(line) as { type: string; data: { n: number } };
      if (heard.push({ type, n: data.n }) === COUNT + OTHERS) break;
    }
    expectAll(heard);
    listening.kill("SIGTERM");
    expect(await listening.exited).toBe(0);
  },
  BROWSER_TIMEOUT,
);

test.skipIf(browserless)(
  "a page whose hub restarts reconnects by itself, and is told that the history is gone",
  async () => {
    const folder = emptyFolder();
    const port = ["--port", `${freePort()}`];
    const first = await serveBinary(folder, "--drain", "0", ...port);
    const page = await openPage(`${first.url}/healthz`);
    await page.evaluate(() => {
      const seen: string[] = [];
      const source = new EventSource("/events");
      for (const type of ["n", "tidings.gap"])
        source.addEventListener(type, ({ data }) => seen.push(`${type} ${data}`));
      Object.assign(window, { seen, source });
    });
    await page.waitForFunction("window.source.readyState === 1");
    // Soon, so that the test need not wait.
    await fetch(`${first.url}/publish`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "n", data: 1, id: "one", retry: 50 }),
    });
    await page.waitForFunction("window.seen.length === 1");
    first.kill("SIGKILL");
    await first.exited;
    await serveBinary(folder, ...port);
    await page.waitForFunction("window.seen.length === 2");
    expect(await page.evaluate("window.seen")).toEqual([
      "n 1",
      'tidings.gap {"requested":"one","earliest":null}',
    ]);
  },
  BROWSER_TIMEOUT,
);
