import { expect, test } from "bun:test";
import type { TInteger, TObject } from "@sinclair/typebox";
import { createPublisher, createSubscriber } from "../../src/sdk/index.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { Reader } from "../http/reader.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { publish, statusOf } from "./hub-client.ts";

const RESTARTS = 3;

type Events = { n: TObject<{ n: TInteger }> };

for (const workers of process.platform === "linux" ? [1, 3] : [1]) {
  test.skipIf(browserless)(
    `restarts under load lose and double nothing, for the SDK and for a browser's EventSource (${workers} workers)`,
    async () => {
      const folder = emptyFolder();
      const store = ["--workers", String(workers), "--store", "events.db"];
      const settings = [...store, "--drain", "500ms", "--port", `${freePort()}`];
      let hub = await serveBinary(folder, ...settings);
      const { url } = hub;
      const stop = new AbortController();

      // Who listens: the SDK, and a page.
      const received: number[][] = Array.from({ length: 4 }, () => []);
      const gaps: unknown[] = [];
      const listening = received.map(async (seen) => {
        const events = createSubscriber<Events>({ url, signal: stop.signal, onGap: (gap) => gaps.push(gap) });
        for await (const { type, data } of events) if (type === "n") seen.push(data.n);
      });
      const page = await openPage(`${url}/healthz`);
      await page.evaluate(() => {
        const seen: number[][] = [[], [], []];
        const failures: string[] = [];
        for (const list of seen) {
          const source = new EventSource("/events?topic=orders/*");
          source.addEventListener("n", ({ data }) => list.push(JSON.parse(data).n));
          source.addEventListener("tidings.gap", () => failures.push("gap"));
          source.addEventListener("error", () => {
            if (source.readyState === EventSource.CLOSED) failures.push("closed");
          });
        }
        Object.assign(globalThis, { seen, failures });
      });
      await until(async () => (await statusOf(url)).connected_clients === 7);

      // Who publishes, one after the other, and tries again until it is acknowledged.
      const publisher = createPublisher<Events>({ url, retries: 20 });
      let published = 0;
      let publishing = true;
      const load = (async () => {
        while (publishing) {
          await publisher.publish("n", { n: published }, { topics: ["orders/1"] });
          published++;
        }
      })();

      for (let restart = 0; restart < RESTARTS; restart++) {
        const before = published;
        // Each has something to resume from, and is there.
        await until(() => published > before + 20);
        await until(async () => (await statusOf(url)).connected_clients === 7);
        hub.kill("SIGTERM");
        expect(await hub.exited).toBe(0);
        hub = await serveBinary(folder, ...settings);
      }
      await until(async () => (await statusOf(url)).connected_clients === 7);
      publishing = false;
      await load;

      const expected = Array.from({ length: published }, (_, n) => n);
      await until(() => received.every((seen) => seen.at(-1) === published - 1));
      for (const seen of received) expect(seen).toEqual(expected);
      await page.waitForFunction(
        (last) => (globalThis as unknown as { seen: number[][] }).seen.every((list) => list.at(-1) === last),
        published - 1,
      );
      const inPage = await page.evaluate(() => {
        const { seen, failures } = globalThis as unknown as { seen: number[][]; failures: string[] };
        return { seen, failures };
      });
      expect(inPage.failures).toEqual([]);
      for (const seen of inPage.seen) expect(seen).toEqual(expected);
      expect(gaps).toEqual([]);
      console.log(`${RESTARTS} restarts while ${published} events were published to 7 clients`);
      stop.abort();
      await Promise.allSettled(listening);
    },
    BROWSER_TIMEOUT,
  );
}

test("while it stops, a hub is not ready and takes no more streams, but answers every publisher", async () => {
  // Until its readers have left, however long that takes here.
  const hub = await serveBinary(emptyFolder(), "--drain", "1h");
  const readers = await Promise.all(Array.from({ length: 10 }, () => Reader.open(`${hub.url}/events`)));
  const answers: number[] = [];
  let publishing = true;
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (publishing) {
        const answer = await publish(hub.url, { type: "n", data: 1 }).catch(() => undefined);
        if (!answer) return;
        answers.push(answer.status);
        await answer.text();
      }
    }),
  );
  await until(() => answers.length > 50);
  hub.kill("SIGTERM");
  await hub.logged("stopping; once more ends it at once");
  await until(async () => (await fetch(`${hub.url}/readyz`)).status === 503);
  const refused = await fetch(`${hub.url}/events`);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
  for (const reader of readers) reader.leave();
  expect(await hub.exited).toBe(0);
  publishing = false;
  await load;
  // Whatever was answered was taken, or refused with the word to come back.
  expect(answers.filter((status) => status !== 200 && status !== 503)).toEqual([]);
  expect(answers.filter((status) => status === 200).length).toBeGreaterThan(50);
});

test("as it stops, it ends each stream, and says when to come back", async () => {
  const hub = await serveBinary(emptyFolder(), "--drain", "500ms");
  const readers = await Promise.all(Array.from({ length: 10 }, () => Reader.open(`${hub.url}/events`)));
  hub.kill("SIGTERM");
  for (const reader of readers) {
    while (await reader.next());
    expect(reader.retries).toHaveLength(2);
  }
  expect(await hub.exited).toBe(0);
});

test("a second signal ends it at once", async () => {
  const hub = await serveBinary(emptyFolder(), "--drain", "1h");
  await Promise.all(Array.from({ length: 3 }, () => Reader.open(`${hub.url}/events`)));
  hub.kill("SIGTERM");
  await hub.logged("stopping; once more ends it at once");
  hub.kill("SIGTERM");
  expect(await hub.exited).toBe(128 + 15);
});

test("with nobody connected it stops at once, however long it may take", async () => {
  const hub = await serveBinary(emptyFolder(), "--drain", "1h", "--store", "events.db");
  expect((await publish(hub.url, { type: "n", data: 1 })).status).toBe(200);
  hub.kill("SIGTERM");
  expect(await hub.exited).toBe(0);
});
