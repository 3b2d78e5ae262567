import { expect, test } from "bun:test";
import axe from "axe-core";
import { createApp } from "../../src/app.ts";
import { Broker } from "../../src/broker/broker.ts";
import { flagRemedies } from "../../src/config/remedies.ts";
import { openAccess } from "../../src/http/access/access.ts";
import { silent } from "../../src/logger.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { defer } from "../defer.ts";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } as const;

function startManual(): string {
  const broker = new Broker();
  const app = createApp({ remedies: flagRemedies, broker, logger: silent, access: openAccess });
  app.listen({ port: 0, hostname: "127.0.0.1" });
  defer(() => app.stop(true));
  return `http://127.0.0.1:${app.server?.port}/manual/start`;
}

test.skipIf(browserless)(
  "a word is found and its section opened by the keyboard alone",
  async () => {
    const page = await openPage(startManual());
    await page.keyboard.press("/");
    await page.keyboard.type("any http client");
    await page.getByRole("option").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/start#use-any-http-client$/);
  },
  BROWSER_TIMEOUT,
);

test.skipIf(browserless)(
  "a block is copied as it is",
  async () => {
    const page = await openPage(startManual());
    const block = page.locator("figure.code", { hasText: "tidings publish" });
    await block.hover();
    await block.getByRole("button").click();
    await block.getByText("Copied").waitFor();
    await page.locator("#search input").focus();
    await page.keyboard.press("Control+V");
    expect(await page.locator("#search input").inputValue()).toBe("tidings publish greeting --text hello");
  },
  BROWSER_TIMEOUT,
);

test.skipIf(browserless)(
  "on a phone without scripts the contents open, and nothing is wider than the screen",
  async () => {
    const page = await openPage(startManual(), { ...PHONE, javaScriptEnabled: false });
    const current = page.getByRole("navigation", { name: "Contents" }).getByRole("link", { name: "Start" });
    expect(await current.isVisible()).toBe(false);
    await page.getByRole("button", { name: "Contents" }).tap();
    await current.waitFor();
    const main = await page.locator("main").boundingBox();
    expect((main?.x ?? 0) + (main?.width ?? 0)).toBeLessThanOrEqual(PHONE.viewport.width);
  },
  BROWSER_TIMEOUT,
);

test.skipIf(browserless).each(["light", "dark"] as const)(
  "in %s colours everything can be read and reached",
  async (colorScheme) => {
    // One that has all kinds of blocks.
    const page = await openPage(startManual().replace("start", "publish"), { colorScheme });
    await page.evaluate(axe.source);
    const found = await page.evaluate(async () => {
      const { axe: engine } = globalThis as unknown as { axe: typeof import("axe-core") };
      const { violations } = await engine.run();
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    });
    expect(found).toEqual([]);
  },
  BROWSER_TIMEOUT,
);
