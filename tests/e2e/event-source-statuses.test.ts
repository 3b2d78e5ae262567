import { expect, test } from "bun:test";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { defer } from "../defer.ts";

/** What an EventSource does after each answer: it comes back, or it gives up for ever. */
const answers: Readonly<Record<string, "comes back" | "gives up">> = {
  "200": "comes back",
  "307": "comes back",
  html: "gives up",
  "204": "gives up",
  "401": "gives up",
  "429": "gives up",
  "500": "gives up",
  "502": "gives up",
  "503": "gives up",
  "504": "gives up",
};

// What the hub and the proxies' files are made for: it is the browser's, and may change.
test.skipIf(browserless)(
  "a browser gives up for ever at any status but 200",
  async () => {
    const site = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch({ url }) {
        const name = new URL(url).pathname.slice(1);
        const headers = { "content-type": "text/event-stream", "retry-after": "1" };
        // The page itself, its icon, and one that is no stream.
        if (!(Number(name) > 0)) return new Response("", { headers: { "content-type": "text/html" } });
        if (name === "307") return new Response(null, { status: 307, headers: { location: "/200" } });
        return new Response(name === "204" ? null : "retry: 60000\n\n", { status: Number(name), headers });
      },
    });
    defer(() => site.stop(true));
    const page = await openPage(site.url.href);
    for (const [name, then] of Object.entries(answers)) {
      const state = await page.evaluate(`new Promise((resolve) => {
        const source = new EventSource("/${name}");
        source.onerror = () => {
          resolve(source.readyState === EventSource.CLOSED ? "gives up" : "comes back");
          source.close();
        };
      })`);
      expect([name, state]).toEqual([name, then]);
    }
  },
  BROWSER_TIMEOUT,
);
