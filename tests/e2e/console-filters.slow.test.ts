import { describe, expect, test } from "bun:test";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { openConsole, PHONE, publish } from "./console.ts";

describe.skipIf(browserless)("the console's filters", () => {
  test(
    "live in the address, and keys reach the search and the pause",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      await publish(url, { type: "order", data: "first", topics: ["orders/1"] });
      await publish(url, { type: "bill", data: "second", topics: ["bills/1"] });
      const { page, faults } = await openConsole(url, {
        view: "live?type=order&topic=orders%2F*",
        late: true,
      });
      const rows = page.getByRole("grid").locator("[aria-selected]");
      await rows.first().waitFor();
      expect(await rows.allInnerTexts()).toEqual([expect.stringContaining("first")]);
      await page.keyboard.press("/");
      await page.keyboard.type("fir");
      await until(() => new URL(page.url()).hash === "#live?type=order&topic=orders%2F*&text=fir");
      // In a field it is a space.
      await page.keyboard.press(" ");
      expect(await page.getByRole("button", { name: "Pause" }).count()).toBe(1);
      await page.getByRole("heading", { name: "Stream" }).click();
      await page.keyboard.press(" ");
      await page.getByRole("button", { name: "Resume" }).waitFor();
      await page.keyboard.press(" ");
      await page.getByRole("button", { name: "Pause" }).waitFor();
      // Another view and back: the filter is as it was, whatever the address of the other one says.
      await page.evaluate(() => {
        location.hash = "dashboard?number=order%23";
      });
      await page.getByRole("button", { name: "Stop drawing order" }).waitFor();
      await page.getByRole("link", { name: "Live" }).click();
      await until(() => new URL(page.url()).hash.startsWith("#live?type=order&topic=orders%2F*"));
      await page.getByRole("button", { name: "Show all" }).click();
      await rows.nth(1).waitFor();
      await until(() => new URL(page.url()).hash === "#live");
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "topics that begin alike are one row, found one by one by a search, in an order that stays",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page, faults } = await openConsole(url);
      const panel = page.getByRole("region", { name: "Topics" });
      await page.getByText("Topics show here as events come.").waitFor();
      for (let n = 0; n < 9; n++) await publish(url, { type: "t", data: n, topics: [`orders/${n}`] });
      await publish(url, { type: "t", data: "", topics: ["a"] });
      const rows = panel.getByRole("listitem");
      const names = async () => (await rows.allInnerTexts()).map((text) => text.split("\n")[0]);
      await until(async () => (await names()).length === 2);
      expect(await names()).toEqual(["a", "orders/*"]);
      await rows.nth(1).getByText("· 9").waitFor();
      await rows.nth(1).getByRole("button").click();
      expect(await page.getByPlaceholder("Topic or prefix*").inputValue()).toBe("orders/*");
      await panel.getByPlaceholder("Search topics").fill("ORDERS/3");
      await until(async () => (await names()).join() === "orders/3");
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );
});

describe.skipIf(browserless)("the console's stream", () => {
  test(
    "shows characters that would turn the direction of a line as escapes",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      await publish(url, { type: "note", data: "safe\u202Etxt.exe", id: "turned" });
      const { page } = await openConsole(url);
      const row = page.getByRole("grid").locator("[aria-selected]").first();
      await row.waitFor();
      expect(await row.innerText()).toContain("safe\\u202etxt.exe");
      await row.click();
      const detail = page.getByRole("complementary", { name: "Event" });
      await detail.getByText("Frame as sent").waitFor();
      expect(await detail.innerText()).not.toContain("\u202E");
      expect((await detail.innerText()).split("\\u202e").length).toBe(3);

      const source = `billing${"g".repeat(300)}`;
      const notice = { id: "1", source, message: "safe\u202Etxt.exe", severity: "info", time: 1.7e9 };
      await publish(url, { type: "notification", data: notice });
      const widget = { id: "w", title: "safe\u202Etxt.exe", data: { text: "safe\u202Etxt.exe" } };
      await publish(url, { type: "widget-refresh", data: widget });
      const main = page.getByRole("main");
      await page.getByRole("link", { name: "Dashboard" }).click();
      await page.getByRole("article").getByText("text", { exact: true }).waitFor();
      const time = page.getByRole("list", { name: "Notifications, newest first" }).locator("time");
      await time.waitFor();
      expect(await main.innerText()).not.toContain("\u202E");
      // However long the source is, the time beside it is one line.
      expect((await time.boundingBox())?.height).toBeLessThan(25);
      await page.getByRole("link", { name: "Subscribe" }).click();
      await page.getByRole("button", { name: "Earliest" }).click();
      await page.getByRole("button", { name: "Subscribe" }).click();
      await main.getByText("3 events since earliest, then live").waitFor();
      expect(await main.innerText()).not.toContain("\u202E");
    },
    BROWSER_TIMEOUT,
  );

  test(
    "has each event's topics on a phone, the figures in one line, and no scroll within that of the page",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      for (let i = 1; i <= 15; i++) await publish(url, { type: "order", data: i, topics: [`orders/${i}`] });
      const { page } = await openConsole(url, { size: PHONE });
      await page.getByRole("grid").getByText("orders/15").waitFor();
      expect(await page.getByRole("grid").getByText("orders/3", { exact: true }).count()).toBe(0);
      await page.getByRole("button", { name: "Show older" }).click();
      await page.getByRole("grid").getByText("orders/1", { exact: true }).scrollIntoViewIfNeeded();
      // The page is told of the scroll in the next frame.
      await page.evaluate(() => new Promise(requestAnimationFrame));
      // Who reads further down is not moved: what comes waits.
      await publish(url, { type: "order", data: 16, topics: ["orders/16"] });
      await page.getByRole("button", { name: "1 new" }).click();
      await page.getByRole("grid").getByText("orders/16").waitFor();
      const scrollers = await page.evaluate(() =>
        Array.from(document.querySelectorAll("main *"))
          .filter((element) => element.scrollHeight > element.clientHeight + 1)
          .filter((element) => /auto|scroll/.test(getComputedStyle(element).overflowY))
          .map(({ className }) => className),
      );
      expect(scrollers).toEqual([]);
      const figures = await page.getByRole("region", { name: "Figures" }).boundingBox();
      expect(figures?.height).toBeLessThan(PHONE.height / 5);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "has charts as soon as it is opened",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      await publish(url, { type: "order", data: 1 });
      // The hub has kept some figures by then.
      await until(async () => {
        const { body } = await fetch(`${url}/console/feed`);
        const reader = body?.getReader();
        const { value } = (await reader?.read()) ?? {};
        await reader?.cancel();
        return /^event: past\ndata: \[\{.*\},\{/m.test(new TextDecoder().decode(value));
      });
      const { page } = await openConsole(url);
      const note = page.locator("[data-figure=memory] .figure-note");
      // The first tick comes at once; what was before it is from the hub.
      await note.getByText(/^highest .* in \d+ s$/).waitFor();
      const seconds = Number(/in (\d+) s$/.exec(await note.innerText())?.[1]);
      expect(seconds).toBeGreaterThanOrEqual(5);
    },
    BROWSER_TIMEOUT,
  );
});
