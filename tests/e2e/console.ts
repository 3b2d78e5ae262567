import type { Page } from "playwright-core";
import { openPage } from "../browser.ts";
import { post } from "../post.ts";

/** The console of a hub in a browser, with all that went wrong in the page. */
export interface OpenConsole {
  readonly page: Page;
  /** What the page's own script threw, and what its policy forbade; neither may be. */
  readonly faults: string[];
  /** The addresses that answered it; what its policy stops is never asked. */
  readonly asked: string[];
}

export interface ConsoleOptions {
  readonly view?: string;
  readonly theme?: "light" | "dark";
  readonly size?: { readonly width: number; readonly height: number };
  /** As on a slow machine: frames and timers of the page come later than what the user and the hub do. */
  readonly late?: boolean;
}

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** How late what waits for a frame or a timer comes, in ms. */
const LATE_MS = 200;

function comeLate(ms: number): void {
  const { requestAnimationFrame: frame, setTimeout: timer } = globalThis;
  globalThis.requestAnimationFrame = (callback) =>
    frame(() => void timer(() => callback(performance.now()), ms));
  globalThis.setTimeout = ((callback: () => void, after = 0) => timer(callback, after + ms)) as typeof timer;
}

/** Opens one of the console's views. */
export async function openConsole(url: string, options: ConsoleOptions = {}): Promise<OpenConsole> {
  const { view = "live", theme = "light", size = DESKTOP, late = false } = options;
  const page = await openPage("about:blank", { viewport: size, colorScheme: theme });
  if (late) await page.addInitScript(comeLate, LATE_MS);
  const faults: string[] = [];
  const asked: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) faults.push(message.text());
  });
  page.on("response", (response) => asked.push(response.url()));
  await page.goto(`${url}/#${view}`);
  return { page, faults, asked };
}

export async function publish(url: string, event: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await post(`${url}/publish`, event);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}
