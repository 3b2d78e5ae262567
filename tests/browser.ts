import { afterAll } from "bun:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Whether there is a browser to test with. In CI a test that is passed over counts as failed. */
export const browserless = process.env["TIDINGS_SKIP_BROWSER"] === "1";

/** How long a test with a browser may take, in ms: the first one starts it. */
export const BROWSER_TIMEOUT = 60_000;

let browser: Promise<Browser> | undefined;
afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

/** A page of a real Chromium, at the address. The browser is started once for a file of tests. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= chromium.launch({
    executablePath:
      process.env["CHROMIUM"] ?? Bun.which("chromium") ?? Bun.which("google-chrome") ?? "chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // A name for sites of others, which is nowhere else.
      "--host-resolver-rules=MAP *.example 127.0.0.1",
    ],
  });
  const page = await (await browser).newPage(options);
  await page.goto(url);
  return page;
}
