import { afterAll } from "bun:test";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

/** Whether there is no Firefox to test with. In CI a test that is passed over counts as failed. */
export const firefoxless = process.env["TIDINGS_SKIP_FIREFOX"] === "1";

// Loaded before any file of tests, as browser.ts is (bunfig.toml).
let browser: Promise<Browser> | undefined;
afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

/** A page of a real Firefox, at the address. It speaks WebDriver BiDi, so no driver is needed between. */
export async function openInFirefox(url: string): Promise<Page> {
  browser ??= puppeteer.launch({
    browser: "firefox",
    executablePath:
      process.env["FIREFOX"] ?? Bun.which("firefox-esr") ?? Bun.which("firefox") ?? "firefox-esr",
  });
  const page = await (await browser).newPage();
  await page.goto(url);
  return page;
}
