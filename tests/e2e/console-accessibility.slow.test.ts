import { describe, expect, test } from "bun:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { serveBinary } from "./binary.ts";
import { DESKTOP, openConsole, PHONE, publish } from "./console.ts";

/** What axe finds wrong, in words. */
async function findings(page: Page): Promise<string[]> {
  // Past the page's policy, as a debugger's.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: engine } = globalThis as unknown as { axe: typeof import("axe-core") };
    // Another document, which is the publisher's.
    const { violations } = await engine.run({ exclude: [["iframe"]] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  });
}

/** Brings each view to where there is something in it. */
const prepare: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  async live(page) {
    await page.getByRole("grid").getByText("order-created").click();
    await page.getByRole("region", { name: "Frame as sent" }).waitFor();
    await page.getByRole("button", { name: "Remove client" }).first().waitFor();
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByRole("button", { name: "Clear order-created" }).waitFor();
    await page.getByRole("region", { name: "Publishers" }).getByText("anonymous").waitFor();
  },
  async publish(page) {
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.locator("[aria-invalid=true]").first().waitFor();
  },
  async dashboard(page) {
    await page.getByLabel("Draw a number").selectOption("order-created#/id");
    await page.getByRole("figure").getByText("one value").waitFor();
    await page.getByText("Notice").first().waitFor();
    await page.locator("iframe").waitFor();
  },
  async subscribe(page) {
    await page.getByRole("button", { name: "Earliest" }).click();
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.getByText("tidings.resumed").waitFor();
  },
};

const timestamp = "2026-01-01T00:00:00Z";
const events = [
  { type: "order-created", data: { id: 1, ok: true }, topics: ["orders/1"], retain: true },
  {
    type: "health-update",
    data: { overall_status: "degraded", healthy_count: 1, total_services: 2, total_metrics: 3, timestamp },
  },
  { type: "metrics-update", data: { total_metrics: 3, counters: 1, gauges: 1, histograms: 1, timestamp } },
  { type: "widget-refresh", data: { id: "w", title: "W", html: "<p>Hello</p>" } },
  { type: "widget-refresh", data: { id: "v", data: [1, 2, 3] } },
  ...["info", "warning", "error", "critical"].map((severity) => ({
    type: "notification",
    data: {
      id: severity,
      source: "s",
      message: `Notice ${severity}`,
      severity,
      time: 1,
      url: "https://example.org",
    },
  })),
  { type: "nav-badge-update", data: { path: "/inbox", badge: "3" } },
  { type: "trace-update", data: { trace_id: "t", span_count: 3 } },
];

describe.skipIf(browserless)("axe finds nothing", () => {
  for (const [view, ready] of Object.entries(prepare)) {
    test(
      `in the view ${view}, in both themes, wide and narrow`,
      async () => {
        const { url } = await serveBinary(emptyFolder());
        const reader = await Reader.open(`${url}/events?topic=orders/*&type=order-created`);
        for (const event of events) await publish(url, event);
        const { page } = await openConsole(url, { view });
        // Colours are judged as they are, not on the way from one to the other.
        await page.emulateMedia({ reducedMotion: "reduce" });
        await ready(page);
        for (const size of [DESKTOP, PHONE]) {
          await page.setViewportSize(size);
          for (const colorScheme of ["light", "dark"] as const) {
            await page.emulateMedia({ colorScheme });
            expect(await findings(page), `${colorScheme}, ${size.width} pixels`).toEqual([]);
          }
        }
        reader.leave();
      },
      BROWSER_TIMEOUT,
    );
  }

  test(
    "in a page that lost its hub, or is asked for a key",
    async () => {
      const open = await serveBinary(emptyFolder());
      const { page } = await openConsole(open.url);
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.locator("[data-figure=clients]").getByText("0", { exact: true }).waitFor();
      process.kill(open.pid, "SIGKILL");
      await page.getByText("What you see is from").waitFor();
      // What is stale is faint on purpose; the notice above it says the same in full ink.
      const found = await findings(page);
      expect(found.filter((finding) => !finding.startsWith("color-contrast"))).toEqual([]);
      const keyed = await serveBinary(emptyFolder(), "--admin-key", "the-key-of-the-house");
      const login = await openConsole(keyed.url);
      await login.page.getByLabel("Administrator's key").waitFor();
      expect(await findings(login.page)).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );
});
