import { expect, test } from "bun:test";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { publish, statusOf } from "./hub-client.ts";

test("/sdk.js is one small module, which a browser asks for again", async () => {
  const { url } = await serveBinary(emptyFolder());
  const script = await fetch(`${url}/sdk.js`);
  expect([script.status, script.headers.get("content-type")]).toEqual([200, "text/javascript;charset=utf-8"]);
  expect(script.headers.get("x-content-type-options")).toBe("nosniff");
  const text = await script.text();
  expect(text).toContain("createSubscriber");
  expect(Bun.gzipSync(text).length).toBeLessThan(8 * 1024);
  const etag = script.headers.get("etag") ?? "";
  const again = await fetch(`${url}/sdk.js`, { headers: { "if-none-match": etag } });
  expect(again.status).toBe(304);
});

test.skipIf(browserless)(
  "a page of another site imports it, publishes and reads",
  async () => {
    const html = (
      hub: string,
    ) => `<!doctype html><meta charset="utf-8"><p id="shown"></p><script type="module">
      import { createPublisher, createSubscriber } from "${hub}/sdk.js";
      const url = "${hub}";
      createSubscriber({ url, topics: ["a"] }).handle({
        greeting: ({ data, topics }) => { document.getElementById("shown").textContent = data + " on " + topics; },
      });
      globalThis.greet = (data) => createPublisher({ url }).publish("greeting", data, { topics: ["a"] });
    </script>`;
    let hub = "";
    const site = Bun.serve({
      port: 0,
      fetch: () => new Response(html(hub), { headers: { "content-type": "text/html" } }),
    });
    defer(() => site.stop(true));
    const origin = `http://localhost:${site.port}`;
    const { url } = await serveBinary(emptyFolder(), "--cors-origin", origin);
    hub = url;
    const page = await openPage(origin);
    await until(async () => (await statusOf(url)).connected_clients === 1);
    await publish(url, { type: "greeting", data: "hello", topics: ["a"] });
    await page.getByText("hello on a").waitFor();
    await page.evaluate("greet('from the page')");
    await page.getByText("from the page on a").waitFor();
  },
  BROWSER_TIMEOUT,
);
