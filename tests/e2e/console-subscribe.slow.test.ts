import { describe, expect, test } from "bun:test";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { openConsole, PHONE, publish } from "./console.ts";

describe.skipIf(browserless)("the console's trial of a subscription", () => {
  test(
    "connects by topic and type, drops and resumes without a loss",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page, faults } = await openConsole(url, { view: "subscribe" });
      await page.getByLabel("Topics").fill("orders/*");
      await page.keyboard.press("Enter");
      await page.getByLabel("Types").fill("order-created");
      await page.getByRole("button", { name: "Subscribe" }).click();
      const lines = page.getByRole("list", { name: "What came, newest first" });
      await lines.getByText("connected", { exact: true }).waitFor();
      await page.getByText(`${url}/events?topic=orders/*&type=order-created`, { exact: true }).waitFor();
      await publish(url, { type: "order-created", data: { n: 1 }, topics: ["orders/1"], id: "one" });
      await publish(url, { type: "order-paid", data: { n: 1 }, topics: ["orders/1"] });
      await publish(url, { type: "order-created", data: { n: 2 }, topics: ["invoices/1"] });
      await lines.getByText('{"n":1}').waitFor();

      await page.getByRole("button", { name: "Drop and resume" }).click();
      await lines.getByText("with Last-Event-ID: one").waitFor();
      await lines.getByText("0 events since one, then live").waitFor();
      await publish(url, { type: "order-created", data: { n: 3 }, topics: ["orders/3"] });
      await lines.getByText('{"n":3}').waitFor();
      const shown = await lines.innerText();
      expect(shown).not.toContain("order-paid");
      expect(shown).not.toContain('{"n":2}');
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByText("Not connected").waitFor();
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "begins at the earliest, says what is missing, and what the hub refuses",
    async () => {
      const { url } = await serveBinary(emptyFolder(), "--history-events", "2");
      for (const id of ["a", "b", "c"]) await publish(url, { type: "e", data: id, id });
      const { page } = await openConsole(url, { view: "subscribe" });
      const lines = page.getByRole("list", { name: "What came, newest first" });
      const subscribe = page.getByRole("button", { name: "Subscribe" });
      await page.getByRole("button", { name: "Earliest" }).click();
      await subscribe.click();
      await lines.getByText("2 events since earliest, then live").waitFor();
      await page.getByLabel("Last event id").fill("a");
      await subscribe.click();
      const gap = /a is no longer held: events are missing\. The oldest held is [a-z]{12}-2/;
      await lines.getByText(gap).waitFor();
      await page.getByLabel("Topics").fill("x".repeat(2000));
      await page.keyboard.press("Enter");
      await subscribe.click();
      await lines.getByText("refused").waitFor();
    },
    BROWSER_TIMEOUT,
  );

  test(
    "tries a Mercure subscription: its address, its code, its stream, and its return",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page, faults } = await openConsole(url, { view: "subscribe", size: PHONE });
      await page.getByLabel("Protocol").selectOption("mercure");
      await page.getByText(`${url}/.well-known/mercure?topic=*`, { exact: true }).waitFor();
      await page.getByLabel("Topics").fill("orders/{id}");
      await page.keyboard.press("Enter");
      expect(await page.getByRole("tab", { name: "TypeScript" }).count()).toBe(0);
      await page.getByText("stream.onmessage").waitFor();
      await page.getByRole("button", { name: "Subscribe" }).click();
      const lines = page.getByRole("list", { name: "What came, newest first" });
      await lines.getByText("to the Mercure stream").waitFor();
      const update = async (topic: string, data: string) => {
        const body = new URLSearchParams({ topic, data, id: `urn:${data}` });
        const answer = await fetch(`${url}/.well-known/mercure`, { method: "POST", body });
        expect(answer.status, await answer.text()).toBe(200);
      };
      await update("invoices/1", "other");
      await update("orders/1", "shipped");
      await lines.getByText("shipped").waitFor();
      await page.getByRole("button", { name: "Drop and resume" }).click();
      await lines.getByText("with Last-Event-ID: urn:shipped").waitFor();
      await lines.getByText("to the Mercure stream").nth(1).waitFor();
      await update("orders/2", "paid");
      await lines.getByText("paid").waitFor();
      expect(await lines.innerText()).not.toContain("other");

      await page.getByLabel("Protocol").selectOption("mercure-1");
      await page.getByRole("button", { name: /orders.{id}/ }).click();
      await page.getByText(`${url}/.well-known/mercure?match=*`, { exact: true }).waitFor();
      await page.getByLabel("URL patterns").fill("/orders/:id");
      await page.keyboard.press("Enter");
      await page.getByText(/mercure\?match_urlpattern=\/orders\/:id$/).waitFor();
      await page.getByRole("button", { name: "Subscribe" }).click();
      await lines.getByText("to the Mercure stream").waitFor();
      await until(async () => (await lines.getByText("paid").count()) === 0);
      await update("/invoices/2", "none");
      await update("/orders/3", "packed");
      await lines.getByText("packed").waitFor();
      expect(await lines.innerText()).not.toContain("none");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "comes back by itself to a hub that was away",
    async () => {
      const folder = emptyFolder();
      const port = ["--port", `${freePort()}`];
      const first = await serveBinary(folder, ...port);
      const { page } = await openConsole(first.url, { view: "subscribe" });
      await page.getByRole("button", { name: "Subscribe" }).click();
      const lines = page.getByRole("list", { name: "What came, newest first" });
      await lines.getByText("connected", { exact: true }).waitFor();
      process.kill(first.pid, "SIGKILL");
      await lines
        .getByText(/trying again in/)
        .first()
        .waitFor();
      const { url } = await serveBinary(folder, ...port);
      await lines.getByText("connected", { exact: true }).nth(1).waitFor();
      await publish(url, { type: "e", data: "after" });
      await lines.getByText('"after"').waitFor();
    },
    BROWSER_TIMEOUT,
  );

  test(
    "gives code that runs: the EventSource listing receives what it says",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page } = await openConsole(url, { view: "subscribe" });
      await page.getByLabel("Types").fill("notification");
      await page.keyboard.press("Enter");
      const listing = await page.getByRole("tabpanel").innerText();
      expect(listing).toContain("new EventSource(");
      let isHeard = false;
      const heard = page.waitForEvent("console", (message) => message.text().includes("hello"));
      const hear = () => {
        isHeard = true;
      };
      heard.then(hear, hear);
      await page.evaluate(listing);
      const data = { id: "1", source: "s", message: "hello", severity: "info", time: 1 };
      // Again until the stream is open, which the listing does not tell.
      await until(async () => {
        await publish(url, { type: "notification", data });
        return isHeard;
      });
      await heard;
    },
    BROWSER_TIMEOUT,
  );
});
