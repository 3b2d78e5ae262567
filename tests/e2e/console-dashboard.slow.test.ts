import { describe, expect, test } from "bun:test";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { openConsole, PHONE, publish } from "./console.ts";

const now = () => new Date().toISOString();
const notification = (id: number, more: Record<string, unknown> = {}) => ({
  type: "notification",
  data: {
    id: String(id),
    source: "billing",
    message: `Notice ${id}`,
    severity: "info",
    time: 1.7e9,
    ...more,
  },
});

describe.skipIf(browserless)("the console's dashboard", () => {
  test(
    "shows current values that the history no longer holds, and counts no refresh for them",
    async () => {
      const { url } = await serveBinary(emptyFolder(), "--history-events", "3");
      const data = { healthy_count: 3, total_services: 4, total_metrics: 9, timestamp: now() };
      const health = { overall_status: "degraded", ...data };
      await publish(url, { type: "health-update", data: health, topic: "a", retain: true });
      for (const id of [1, 2, 3]) await publish(url, notification(id));
      const widget = { type: "widget-refresh", data: { id: "w", title: "Queue", data: 7 }, topic: "w" };
      await publish(url, { ...widget, retain: true });
      const { page, faults } = await openConsole(url, { view: "dashboard" });
      await page.getByText("3 of 4 services healthy").waitFor();
      await page.getByText("Queue").first().waitFor();
      await page.getByText("Notice 3").first().waitFor();
      await page.getByText("1×", { exact: true }).waitFor();
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "draws each of the six built-in types, from the history and as they come",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const health = { healthy_count: 3, total_services: 4, total_metrics: 9, timestamp: now() };
      await publish(url, { type: "health-update", data: { overall_status: "degraded", ...health } });
      const { page, faults } = await openConsole(url, { view: "dashboard" });
      const card = (name: string) => page.getByRole("region", { name, exact: true });
      await card("Health").getByText("degraded").waitFor();
      await card("Health").getByText("3 of 4 services healthy").waitFor();
      await publish(url, {
        type: "health-update",
        data: { ...health, overall_status: "healthy", healthy_count: 4 },
      });
      await card("Health").getByText("4 of 4 services healthy").waitFor();

      const metrics = { total_metrics: 60, counters: 30, gauges: 20, histograms: 10, timestamp: now() };
      await publish(url, { type: "metrics-update", data: metrics });
      await card("Metrics").getByText("60", { exact: true }).waitFor();
      await card("Metrics").getByText("20", { exact: true }).waitFor();

      await publish(url, { type: "nav-badge-update", data: { path: "/inbox", badge: "17" } });
      await card("Navigation").getByText("17").waitFor();
      await publish(url, { type: "nav-badge-update", data: { path: "/inbox", badge: "" } });
      await card("Navigation").getByText("17").waitFor({ state: "detached" });
      await card("Navigation").getByText("/inbox").waitFor();

      await publish(url, { type: "trace-update", data: { trace_id: "4bf92f", span_count: 12 } });
      await card("Traces").getByText("4bf92f").waitFor();
      await publish(url, { type: "trace-update", data: { trace_id: "4bf92f", span_count: 14 } });
      await card("Traces").getByText("14").waitFor();

      await publish(url, { type: "widget-refresh", data: { id: "cpu", title: "CPU", data: [1, 5, 3] } });
      await page.getByRole("article", { name: "CPU" }).locator("svg").waitFor();
      await publish(url, { type: "widget-refresh", data: { id: "cpu", data: { load: 0.5, host: "a" } } });
      await page.getByRole("article", { name: "CPU" }).getByText("host").waitFor();
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "says what feeds it, and publishes an example of each type",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page, faults } = await openConsole(url, { view: "dashboard", size: PHONE });
      const start = page.getByRole("region", { name: "Feed the dashboard" });
      await start.getByText(`scripts/publish --url ${url}`).waitFor();
      await start.getByRole("tab", { name: "Executable" }).click();
      await start.getByText("--retain").waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
      await start.getByRole("button", { name: "Publish an example of each" }).click();
      await page.getByText("3 of 4 services healthy").waitFor();
      await page.getByRole("article", { name: "Orders in the queue" }).waitFor();
      await start.waitFor({ state: "detached" });
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "draws numbers of any type, a line for each of a few topics, and keeps the choice in the address",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const measured = async (host: string, load: number) =>
        publish(url, { type: "host", data: { id: 7, cpu: { load }, name: host }, topic: `hosts/${host}` });
      await measured("a", 0.5);
      const { page, faults } = await openConsole(url, { view: "dashboard" });
      const numbers = page.getByRole("region", { name: "Numbers" });
      // An id is no measure: it is in the list alone.
      await numbers.getByRole("button", { name: "host cpu.load" }).click();
      expect(await numbers.getByRole("button", { name: "host id" }).count()).toBe(0);
      const chart = numbers.getByRole("figure", { name: "host cpu.load" });
      await chart.getByText("one value").waitFor();
      await measured("b", 3.25);
      await measured("a", 1.75);
      await chart.getByText("0.5 to 3.25").waitFor();
      await chart.getByText("hosts/b").waitFor();
      expect(await chart.locator(".spark path").count()).toBe(2);
      // At once: a reload may come before the next frame.
      const hash = await numbers.getByLabel("Draw a number").evaluate((choice: HTMLSelectElement) => {
        choice.value = "host#/id";
        choice.dispatchEvent(new Event("change", { bubbles: true }));
        return location.hash;
      });
      expect(hash).toContain("number=host%23%2Fid");
      await page.reload();
      await numbers.getByRole("figure", { name: "host id" }).waitFor();
      await chart.getByText("0.5 to 3.25").waitFor();
      await page.getByRole("link", { name: "Live" }).click();
      await page.getByRole("link", { name: "Dashboard" }).click();
      await numbers.getByRole("button", { name: "Stop drawing host id" }).click();
      const query = new URLSearchParams((await page.evaluate(() => location.hash)).split("?")[1]);
      expect(query.getAll("number")).toEqual(["host#/cpu/load"]);
      for (const host of ["c", "d", "e", "f"]) await measured(host, 9);
      await chart.getByText("every topic").waitFor();
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "shows notifications as a list and the new ones as toasts, to be dismissed",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      await publish(url, notification(1));
      const { page } = await openConsole(url, { view: "dashboard" });
      const list = page.getByRole("list", { name: "Notifications, newest first" });
      const toasts = page.getByRole("log", { name: "New notifications" });
      await list.getByText("Notice 1", { exact: true }).waitFor();
      await publish(url, notification(2, { severity: "critical", url: "https://example.org/2" }));
      await toasts.getByText("Notice 2").waitFor();
      // What the hub had held is no news.
      expect(await toasts.getByText("Notice 1").count()).toBe(0);
      const link = list.getByRole("link", { name: "Read on about Notice 2" });
      expect(await link.getAttribute("href")).toBe("https://example.org/2");
      await toasts.getByRole("button", { name: "Dismiss the notification" }).click();
      await toasts.getByText("Notice 2").waitFor({ state: "detached" });
      await publish(url, notification(3, { url: "javascript:alert(1)" }));
      await list.getByText("Notice 3", { exact: true }).waitFor();
      expect(await list.getByRole("link").count()).toBe(1);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "shows a publisher's HTML and runs nothing of it",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page, asked } = await openConsole(url, { view: "dashboard", late: true });
      const html = `
        <h3>Last deploys</h3>
        <script>parent.hacked = "script"</script>
        <img src="x" onerror="parent.hacked = 'handler'">
        <svg onload="parent.hacked = 'svg'"></svg>
        <iframe srcdoc="<script>top.hacked = 'frame'</script>"></iframe>
        <meta http-equiv="refresh" content="0;url=/healthz">
        <link rel="stylesheet" href="https://other.example/style.css">
        <a href="javascript:parent.hacked='link'">Details</a>
        <form action="/publish" method="post"><button>Send</button></form>`;
      await publish(url, { type: "widget-refresh", data: { id: "deploys", title: "Deploys", html } });
      const frame = page.frameLocator("iframe[title=Deploys]");
      await frame.getByText("Last deploys").waitFor();
      await frame.getByText("Details").click();
      await frame.getByRole("button", { name: "Send" }).click();
      await frame.getByText("Last deploys").waitFor();
      // Something that comes after all of it has had its turn.
      await publish(url, { type: "widget-refresh", data: { id: "later", title: "Later", data: 1 } });
      await page.getByRole("article", { name: "Later" }).waitFor();
      expect(await page.evaluate("window.hacked")).toBeUndefined();
      expect(await page.evaluate(() => location.hash)).toBe("#dashboard");
      for (const address of asked) expect(new URL(address).origin).toBe(url);
      // It is as high as what is in it, however soon that was there.
      const height = () => page.locator("iframe[title=Deploys]").evaluate((element) => element.clientHeight);
      await until(async () => (await height()) > 64);
      // And in the colours of the page, when they change, too.
      const inkOf = (place: Pick<typeof page, "locator">) =>
        place.locator("body").evaluate((body) => getComputedStyle(body).color);
      const light = await inkOf(page);
      await page.emulateMedia({ colorScheme: "dark" });
      await until(async () => (await inkOf(page)) !== light && (await inkOf(frame)) === (await inkOf(page)));
    },
    BROWSER_TIMEOUT,
  );
});
