import { describe, expect, test } from "bun:test";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { Reader } from "../http/reader.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { openConsole, PHONE, publish } from "./console.ts";

const order = (id: number) => ({
  type: "order-created",
  data: { id, note: `number ${id}` },
  topics: [`orders/${id}`],
});

describe.skipIf(browserless)("the console's live view", () => {
  test(
    "shows the hub's figures as they change, with charts",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page, faults, asked } = await openConsole(url);
      const clients = page.locator("[data-figure=clients] .figure-value");
      await clients.getByText("0", { exact: true }).waitFor();
      const reader = await Reader.open(`${url}/events`);
      await clients.getByText("1", { exact: true }).waitFor();
      await publish(url, order(1));
      await page.locator("[data-figure=latency] .figure-value .unit").getByText(/µs|ms/).waitFor();
      expect(await page.locator(".chart canvas").count()).toBe(5);
      expect(await page.locator("[data-figure=memory] .figure-value").innerText()).toContain("MiB");
      reader.leave();
      await clients.getByText("0", { exact: true }).waitFor();
      expect(faults).toEqual([]);
      for (const address of asked) expect(new URL(address).origin).toBe(url);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "lists events as they come, and filters them by topic, type and text",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      await publish(url, { type: "held", data: "from before the page" });
      const { page, faults } = await openConsole(url);
      const grid = page.getByRole("grid");
      const rows = grid.locator("[aria-selected]");
      await grid.getByText("from before the page").waitFor();
      for (const id of [1, 2, 3]) await publish(url, order(id));
      await publish(url, { type: "greeting", data: "hello" });
      await grid.getByText("hello").waitFor();
      expect(await rows.count()).toBe(5);
      expect(await rows.first().innerText()).toContain("greeting");

      // By a click on a type's rate, as on a topic's.
      await page
        .getByRole("region", { name: "Types" })
        .getByRole("button", { name: "order-created" })
        .click();
      await grid.getByText("hello").waitFor({ state: "detached" });
      expect(await rows.count()).toBe(3);
      await page.getByPlaceholder("Topic or prefix*").fill("orders/2");
      await rows.nth(1).waitFor({ state: "detached" });
      expect(await rows.innerText()).toContain('{"id":2,"note":"number 2"}');
      await page.getByPlaceholder("Topic or prefix*").fill("orders/*");
      await rows.nth(2).waitFor();
      await page.getByPlaceholder("Search data").fill("NUMBER 3");
      await rows.nth(1).waitFor({ state: "detached" });
      expect(await rows.innerText()).toContain("number 3");
      await page.getByPlaceholder("Search data").fill("nowhere");
      await page.getByText("No event matches the filter.").waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      await rows.nth(4).waitFor();
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "pauses, counts what came meanwhile, and goes on without a loss",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page } = await openConsole(url);
      const rows = page.getByRole("grid").locator("[aria-selected]");
      await publish(url, order(1));
      await rows.first().waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      for (const id of [2, 3, 4]) await publish(url, order(id));
      const resume = page.getByRole("button", { name: "Resume 3" });
      await resume.waitFor();
      expect(await rows.count()).toBe(1);
      await resume.click();
      await rows.nth(3).waitFor();
      await page.getByRole("button", { name: "Empty the list" }).click();
      await rows.first().waitFor({ state: "detached" });
    },
    BROWSER_TIMEOUT,
  );

  test(
    "keeps in its place what a reader has scrolled to, and says what is new above",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      for (let id = 1; id <= 100; id++) await publish(url, order(id));
      const { page } = await openConsole(url);
      const grid = page.getByRole("grid");
      await grid.getByText("number 100").waitFor();
      await grid.hover();
      await page.mouse.wheel(0, 1000);
      // A browser may scroll in steps.
      await until(async () => (await grid.evaluate(({ scrollTop }) => scrollTop)) === 1000);
      const row = grid.getByText("number 70", { exact: false });
      await row.waitFor();
      const before = (await row.boundingBox())?.y;
      await publish(url, order(101));
      await publish(url, order(102));
      await page.getByRole("button", { name: "2 new" }).waitFor();
      expect((await row.boundingBox())?.y).toBe(before as number);
      await page.getByRole("button", { name: "2 new" }).click();
      await grid.getByText("number 102").waitFor();
      await page.getByRole("button", { name: "2 new" }).waitFor({ state: "detached" });
      // Of all these only those in sight are in the document.
      expect(await grid.locator("[aria-selected]").count()).toBeLessThan(60);
      expect(await grid.getAttribute("aria-rowcount")).toBe("103");
    },
    BROWSER_TIMEOUT,
  );

  test(
    "opens an event: its data formatted, its frame as sent, its age",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page, faults } = await openConsole(url);
      await publish(url, { ...order(7), id: "seven", retry: 5000 });
      await page.getByRole("grid").getByText("order-created").click();
      const detail = page.getByRole("complementary", { name: "Event" });
      expect(await detail.getByRole("region", { name: "Data" }).innerText()).toBe(
        '{\n  "id": 7,\n  "note": "number 7"\n}',
      );
      expect(await detail.getByRole("region", { name: "Frame as sent" }).innerText()).toBe(
        'id: seven\nevent: order-created\nretry: 5000\ndata: {"id":7,"note":"number 7"}\n\n',
      );
      await detail.getByText(/^\d+ s \(published \d\d:\d\d:\d\d\.\d{3}\)$/).waitFor();
      await detail.getByText("0 clients").waitFor();
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "shows long data whole, which it asks for when the event is opened",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page } = await openConsole(url);
      await publish(url, { type: "long", data: `${"x".repeat(50_000)}the end`, id: "a/b ?" });
      await page.getByRole("grid").getByText("long").click();
      const data = page.getByRole("region", { name: "Data" });
      await data.getByText("the end").waitFor();
      expect((await data.innerText()).length).toBe(50_009);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "goes by keyboard: to the content, through the events, into one and back",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page } = await openConsole(url);
      for (const id of [1, 2, 3]) await publish(url, order(id));
      await page.getByRole("grid").getByText("number 3").waitFor();
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement?.id === "main");
      await page.getByRole("grid").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      const data = page.getByRole("region", { name: "Data" });
      await data.getByText('"number 2"').waitFor();
      await page.getByRole("grid").focus();
      await page.keyboard.press("ArrowDown");
      await data.getByText('"number 1"').waitFor();
      await page.getByRole("button", { name: "Close the event" }).focus();
      await page.keyboard.press("Escape");
      await data.waitFor({ state: "detached" });
      expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("grid");
    },
    BROWSER_TIMEOUT,
  );

  test(
    "lists the clients and what they listen to, and removes one",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const reader = await Reader.open(`${url}/events?topic=orders/*&type=order-created`);
      const { page } = await openConsole(url);
      const row = page.getByRole("region", { name: "Connected clients" }).getByRole("row").nth(1);
      await row.getByText("orders/*").waitFor();
      await row.getByText("order-created").waitFor();
      await row.getByText("127.0.0.1").waitFor();
      await row.getByRole("button", { name: "Remove client" }).click();
      await page.getByText("Nobody listens.").waitFor();
      while (await reader.next());
    },
    BROWSER_TIMEOUT,
  );

  test(
    "says that the hub is gone and greys what it knew, and goes on when the hub is back",
    async () => {
      const folder = emptyFolder();
      const port = ["--port", `${freePort()}`];
      const first = await serveBinary(folder, ...port);
      const { page } = await openConsole(first.url);
      await page.getByRole("banner").getByText("Connected", { exact: true }).waitFor();
      await publish(first.url, order(1));
      await page.getByRole("grid").getByText("number 1").waitFor();
      process.kill(first.pid, "SIGKILL");
      await page.getByText(/What you see is from \d\d:\d\d:\d\d/).waitFor();
      await page.getByRole("banner").getByText("Reconnecting").waitFor();
      await page.waitForFunction(() => {
        const figures = document.querySelector(".figures");
        return figures !== null && Number(getComputedStyle(figures).opacity) < 0.5;
      });
      const { url } = await serveBinary(folder, ...port);
      await page.getByText("What you see is from").waitFor({ state: "detached" });
      await publish(url, order(2));
      await page.getByRole("grid").getByText("number 2").waitFor();
    },
    BROWSER_TIMEOUT,
  );

  test(
    "is not fooled by a hub that hangs: its connection stands, but nothing comes",
    async () => {
      const { url, pid } = await serveBinary(emptyFolder());
      const { page } = await openConsole(url);
      await page.locator("[data-figure=clients] .figure-value").getByText("0", { exact: true }).waitFor();
      process.kill(pid, "SIGSTOP");
      await page.getByText("What you see is from").waitFor();
      process.kill(pid, "SIGCONT");
      await page.getByText("What you see is from").waitFor({ state: "detached" });
    },
    BROWSER_TIMEOUT,
  );

  test(
    "asks for the administrator's key where there is one, and takes no other",
    async () => {
      const { url } = await serveBinary(
        emptyFolder(),
        "--admin-key",
        "the-key-of-the-house",
        "--publish-key",
        "another-key",
      );
      const { page, faults } = await openConsole(url);
      const key = page.getByLabel("Administrator's key");
      await key.fill("a guess");
      await page.getByRole("button", { name: "Open the console" }).click();
      await page.getByText("The hub does not know this key.").waitFor();
      await key.fill("another-key");
      await page.getByRole("button", { name: "Open the console" }).click();
      await page.getByText("not the administrator's").waitFor();
      await key.fill("the-key-of-the-house");
      await page.keyboard.press("Enter");
      await page.locator("[data-figure=clients] .figure-value").getByText("0", { exact: true }).waitFor();
      expect(await page.evaluate(() => document.cookie)).toBe("");
      // What an administrator does from here on, the cookie lets through.
      await page.getByRole("link", { name: "Publish", exact: true }).click();
      await page.getByLabel("Type", { exact: true }).selectOption({ label: "Another type…" });
      await page.getByLabel("Name of the type").fill("greeting");
      await page.getByLabel("Data as JSON").fill("1");
      await page.getByText('"authorization: Bearer $TIDINGS_TOKEN"').waitFor();
      await page.getByRole("button", { name: "Publish", exact: true }).click();
      await page.getByText("to 0 clients.").waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await key.waitFor();
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "works below a path, behind a proxy",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const proxy = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        idleTimeout: 0,
        fetch(request) {
          const { pathname, search } = new URL(request.url);
          if (!pathname.startsWith("/hub/")) return new Response(null, { status: 404 });
          const { method, body, signal } = request;
          const headers = new Headers(request.headers);
          headers.delete("host");
          headers.delete("origin");
          return fetch(url + pathname.slice(4) + search, {
            method,
            headers,
            body,
            signal,
            // As it comes: the answer's headers say how it is compressed.
            decompress: false,
          });
        },
      });
      defer(() => proxy.stop(true));
      const { page, faults } = await openConsole(`${proxy.url.origin}/hub`);
      await page.locator("[data-figure=clients] .figure-value").getByText("0", { exact: true }).waitFor();
      await publish(url, order(1));
      await page.getByRole("grid").getByText("number 1").waitFor();
      await page.getByRole("link", { name: "Publish" }).click();
      await page.getByText(`curl ${proxy.url.origin}/hub/publish`).waitFor();
      expect(faults).toEqual([]);
      // Before the hub is: the stream that the proxy hands through would break.
      await page.close();
    },
    BROWSER_TIMEOUT,
  );

  test(
    "follows the system's colours, and a choice of one's own that it remembers",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page } = await openConsole(url, { theme: "dark", size: PHONE });
      const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const dark = await paper();
      await page.getByRole("button", { name: /^Colours: as the system/ }).click();
      const light = await paper();
      expect(light).not.toBe(dark);
      await page.reload();
      await page.getByRole("button", { name: /^Colours: light/ }).waitFor();
      expect(await paper()).toBe(light);
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(await overflow()).toBe(0);
    },
    BROWSER_TIMEOUT,
  );
});
