import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { browsers } from "../browsers.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { post } from "../post.ts";
import { sectionsOf } from "../readme/markdown.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";

const read = (path: string) => Bun.file(fileURLToPath(new URL(path, import.meta.url))).text();

/** The pages that users begin with, and an event for each. */
const pages = {
  "the manual's first": {
    async html() {
      const section = sectionsOf(await read("../../src/manual/browser.md")).find(
        ({ heading }) => heading === "A page of another site",
      );
      return section?.blocks.find(({ file }) => file === "index.html")?.text ?? "";
    },
    event: (text: string) => ({ type: "greeting", topic: "greetings", data: text }),
  },
  "init's": {
    html: () => read("../../src/cli/init/index.html"),
    event: (text: string) => ({ type: "order-shipped", topic: "orders/1", data: { id: 1, carrier: text } }),
  },
};

/** Listens there until somebody has come and found nobody. */
async function turnsAway(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.destroy();
    server.close();
  });
  server.listen(port, "127.0.0.1");
  await once(server, "close");
}

/** Serves the page from a site of its own, for a hub there. */
function serve(html: string): string {
  const site = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(html, { headers: { "content-type": "text/html" } }),
  });
  defer(() => site.stop(true));
  return `http://127.0.0.1:${site.port}`;
}

describe.each(browsers)("$name", ({ isMissing, open }) => {
  test.skipIf(isMissing)(
    "the page that init writes notices a dead line",
    async () => {
      const hub = await serveBinary(emptyFolder(), "--keep-alive=100ms", "--cors-origin=*");
      const html = await pages["init's"].html();
      const site = serve(html.replace("45_000", "1_000"));
      const page = await open(`${site}?hub=${encodeURIComponent(hub.url)}`);
      const shows = (text: string) =>
        until(async () => String(await page.evaluate("document.body.innerText")).includes(text));
      await shows("Connected to");
      // Nobody closes the connection, and nothing comes.
      hub.kill("SIGSTOP");
      await shows("No connection to");
      hub.kill("SIGCONT");
      await shows("Connected to");
    },
    60_000,
  );

  test.skipIf(isMissing)(
    "the page that init writes goes on with a new ticket, and misses nothing",
    async () => {
      const authorization = "Bearer key-of-the-tests";
      const hub = await serveBinary(
        emptyFolder(),
        "--admin-key=key-of-the-tests",
        "--private",
        "--cors-origin=*",
      );
      const html = (await pages["init's"].html()).replace(
        "const ticket = undefined;",
        `const ticket = async () => {
          const init = { method: "POST", headers: { authorization: "${authorization}" } };
          return (await (await fetch("${hub.url}/tickets", init)).json()).ticket;
        };`,
      );
      const page = await open(`${serve(html)}?hub=${encodeURIComponent(hub.url)}`);
      const shows = (text: string) =>
        until(async () => String(await page.evaluate("document.body.innerText")).includes(text));
      const publish = (carrier: string) =>
        post(`${hub.url}/publish`, pages["init's"].event(carrier), { authorization });
      await shows("Connected to");
      await publish("first");
      await shows("first");
      const list = await fetch(`${hub.url}/clients`, { headers: { authorization } });
      for (const { id } of ((await list.json()) as { clients: { id: string }[] }).clients) {
        await fetch(`${hub.url}/clients/${id}`, { method: "DELETE", headers: { authorization } });
      }
      // The page is away from now on, and says so until it is back.
      await publish("second");
      await shows("second");
    },
    60_000,
  );

  for (const [name, { html, event }] of Object.entries(pages)) {
    test.skipIf(isMissing)(
      `${name} page, of another site than the hub, goes on after the hub was away`,
      async () => {
        const folder = emptyFolder();
        const port = freePort();
        const flags = ["--store", join(folder, "events.db"), "--cors-origin=*", "--port", `${port}`];
        const hub = await serveBinary(folder, ...flags);
        const page = await open(serve((await html()).replaceAll("http://127.0.0.1:3000", hub.url)));
        const shows = (text: string) =>
          until(async () => String(await page.evaluate("document.body.innerText")).includes(text));

        const opened = async () =>
          ((await (await fetch(`${hub.url}/clients`)).json()) as { clients: unknown[] }).clients.length === 1;
        await until(opened);
        // The browser is to try again soon, and to find nobody there.
        await post(`${hub.url}/publish`, { ...event("first"), retry: 50 });
        await shows("first");
        hub.kill("SIGKILL");
        await hub.exited;
        await turnsAway(port);
        await serveBinary(folder, ...flags);
        // Before the page is back: it is sent what it missed.
        expect((await post(`${hub.url}/publish`, event("second"))).status).toBe(200);
        await shows("second");
      },
      60_000,
    );
  }
});
