import { expect, test } from "bun:test";
import { BROWSER_TIMEOUT, browserless, openPage } from "../../browser.ts";
import { until } from "../../until.ts";
import { PUBLISH_KEY, post, sign, startKeyedHub } from "../keyed-hub.ts";

const manual = new URL("../../../src/manual/tickets.md", import.meta.url).pathname;

test.skipIf(browserless)(
  "a page with the manual's lines about tickets outlives the loss of its stream, and misses nothing",
  async () => {
    const [, lines = ""] =
      /```js follow\.js\nexport (async function follow[\s\S]*?)```/.exec(await Bun.file(manual).text()) ?? [];
    const { url, broker } = startKeyedHub({ private: true });
    const token = await sign({ subscribe: ["orders/*"] });
    const page = await openPage(`${url}/healthz`);
    // The wait is the manual's; the rest of the page's time is not.
    await page.evaluate(`
      globalThis.seen = [];
      const wait = globalThis.setTimeout;
      globalThis.setTimeout = (what, _, ...rest) => wait(what, 1, ...rest);
      ${lines}
      void follow(location.origin, async () => ${JSON.stringify(token)}, "orders/*", { n: (data) => seen.push(data) });
    `);
    const publish = (data: number) =>
      post(`${url}/publish`, { type: "n", data, topic: "orders/1", private: true }, PUBLISH_KEY);
    const seen = async () => (await page.evaluate("JSON.stringify(seen)")) as string;
    await until(() => broker.clientCount === 1);
    const cut = () => {
      for (const { id } of broker.clients) broker.removeClient(id);
    };
    // Before its first event, too.
    cut();
    await publish(1);
    await until(async () => (await seen()) === "[1]");
    for (const n of [2, 3, 4]) {
      cut();
      await publish(n);
      await until(async () => (await seen()).endsWith(`${n}]`));
    }
    expect(await seen()).toBe("[1,2,3,4]");
    expect(broker.totals.connected).toBe(5);
    await page.close();
  },
  BROWSER_TIMEOUT,
);
