import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { readLines } from "../../src/cli/event-line.ts";
import {
  createPublisher,
  createSubscriber,
  type EventData,
  type OutgoingEvent,
} from "../../src/sdk/index.ts";
import { findBrowser, chromium as testChromium } from "../check/browser.ts";
import type shop from "./shop.ts";

/** How long the hub is busy before the pictures, in ms: the charts span a minute at least. */
const WARM_UP = 70_000;
const FOLDER = ".github/images";
/** A README is read on phones too. */
const MOST_BYTES = 300_000;

const sizes = {
  desktop: { viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1 },
  tablet: { viewport: { width: 820, height: 1180 }, deviceScaleFactor: 1 },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
} as const;

/** What a person does in each view before the picture. */
const views: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async live(page) {
    await page.locator("[role=grid] [aria-selected]").nth(5).waitFor();
  },
  async publish(page) {
    await page.getByLabel("Type", { exact: true }).selectOption("order-created");
    const form = page.locator("#data");
    await form.getByLabel("id", { exact: true }).fill("4711");
    await form.getByLabel("name").fill("Ada Lovelace");
    await form.getByLabel("city").fill("London");
    await form.getByRole("button", { name: "Add an item" }).click();
    await form.getByLabel("sku").fill("tea-7");
    await form.getByLabel("price").fill("-4.2");
    await page.getByLabel("Topics", { exact: true }).fill("orders/4711");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.locator(".field-error").first().waitFor();
    await page.mouse.move(0, 0);
    await page.evaluate(() => scrollTo(0, 0));
  },
  async dashboard(page) {
    for (const number of ["widget-refresh#/data/percent", "stock-changed#/left"]) {
      await page.getByLabel("Draw a number").selectOption(number);
      await page.getByRole("figure").last().locator(".spark").waitFor();
    }
    await page.getByRole("article").nth(2).waitFor();
    await page.getByRole("log").getByRole("button").first().waitFor();
  },
  async subscribe(page) {
    await page.getByLabel("Topics", { exact: true }).fill("orders/*");
    await page.keyboard.press("Enter");
    await page.getByLabel("Types", { exact: true }).fill("order-created");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.locator(".trial-lines .event").nth(3).waitFor();
    await page.getByRole("button", { name: "Drop and resume" }).click();
    await page.getByText("tidings.resumed").waitFor();
    await page.mouse.move(0, 0);
  },
};

/** The README's pictures, each `view-size-theme`. One more is taken as soon as the README shows it. */
const readme = await Bun.file("README.md").text();
const names = Array.from(readme.matchAll(/\.github\/images\/([\w-]+)\.png/g), ([, name = ""]) => name);
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`screenshots: no picture ${JSON.stringify(unknown)}; there are ${names.join(" ")}`);
  process.exit(2);
}

const stop = new AbortController();
let browser: Browser | undefined;
const children: Bun.Subprocess[] = [];
try {
  const path = process.env["CHROMIUM"] ?? findBrowser(testChromium);
  if (!path) throw new Error("no Chromium found; name one in CHROMIUM");
  // Chromium starts at once and waits; its pages come last.
  browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
  const url = await startHub();
  void listen(url);
  void sell(url);
  children.push(Bun.spawn([process.execPath, "scripts/publish.ts", "--url", url, "--every", "1"]));
  await mkdir(FOLDER, { recursive: true });

  // Opened now, so that the charts have something to show by then.
  const pages = new Map<string, Page>();
  for (const name of wanted.length > 0 ? wanted : names) {
    const [view = "", size = "", theme = ""] = name.split("-");
    const options = { ...sizes[size as keyof typeof sizes], colorScheme: theme as "light" | "dark" };
    const page = await browser.newPage(options);
    await page.goto(view === "live" ? `${url}/#live` : "about:blank");
    pages.set(name, page);
  }
  console.log(`the hub is busy for ${WARM_UP / 1000} s …`);
  await Bun.sleep(WARM_UP);
  for (const [name, page] of pages) await take(url, name, page);
} finally {
  stop.abort();
  await browser?.close();
  for (const child of children) child.kill();
}

async function take(url: string, name: string, page: Page): Promise<void> {
  const view = name.split("-")[0] ?? "";
  if (view !== "live") await page.goto(`${url}/#${view}`);
  await page.bringToFront();
  await views[view]?.(page);
  // A glance later, when what moves has come to rest.
  await page.waitForTimeout(400);
  const file = join(FOLDER, `${name}.png`);
  await page.screenshot({ path: file });
  await page.close();
  const { size } = Bun.file(file);
  console.log(`${file}  ${Math.round(size / 1000)} kB`);
  if (size > MOST_BYTES) throw new Error(`${file} is larger than ${MOST_BYTES} bytes`);
}

/** The hub, with the shop's catalog. */
async function startHub(): Promise<string> {
  const child = Bun.spawn(["dist/tidings", "serve", "--port", "0", "--events", "scripts/pictures/shop.ts"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  for await (const line of readLines(child.stderr)) {
    const { msg, url } = JSON.parse(line);
    if (msg === "listening") return url;
    console.log(line);
  }
  throw new Error("the hub did not start");
}

/** Some clients of each kind. */
async function listen(url: string): Promise<void> {
  const interests = [
    {},
    { topics: ["orders/*"] },
    { types: ["notification" as const] },
    { topics: ["stock/tea", "orders/7"] },
  ];
  const clients = Array.from({ length: 24 }, async (_, i) => {
    const events = createSubscriber<typeof shop>({
      url,
      signal: stop.signal,
      ...interests[i % interests.length],
    });
    for await (const _event of events);
  });
  await Promise.all(clients);
}

/** A shop's events, more and less of them as the hours of a day go by within a minute. */
async function sell(url: string): Promise<void> {
  const hub = createPublisher<typeof shop>({ url });
  const customers = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov"];
  const skus = ["tea", "coffee", "cups", "kettle"];
  const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;
  let told = 0;
  for (let n = 1; !stop.signal.aborted; ) {
    const tide = 1 + 0.6 * Math.sin(Date.now() / 9000);
    const events: OutgoingEvent<typeof shop>[] = [];
    const hundred = Math.floor(n / 100);
    if (hundred > told) events.push(...news(n));
    told = hundred;
    for (let left = Math.round(tide * 4 + Math.random() * 3); left > 0; left--, n++) {
      const sku = pick(skus, n);
      if (n % 3 === 0) {
        events.push({ type: "stock-changed", topic: `stock/${sku}`, data: { sku, left: 40 + (n % 17) } });
      } else if (n % 5 === 0) {
        events.push({
          type: "order-shipped",
          topic: `orders/${n - 4}`,
          data: { id: n - 4, carrier: "bicycle" },
        });
      } else {
        const customer = { name: pick(customers, n), city: "London" };
        const items = [{ sku, price: 4 + (n % 9) / 2 }];
        events.push({
          type: "order-created",
          topic: `orders/${n}`,
          data: { id: n, customer, currency: "EUR", items },
        });
      }
    }
    await hub.publishBatch(events, { signal: stop.signal }).catch(() => {});
    await Bun.sleep(60 + Math.random() * 60);
  }
}

/** What a shop's own people are told now and then. */
function news(n: number): OutgoingEvent<typeof shop>[] {
  const notices = [
    { severity: "info", source: "warehouse", message: "The delivery of tea has arrived" },
    { severity: "warning", source: "stock", message: "Fewer than ten kettles are left" },
    { severity: "error", source: "payments", message: "A card was declined three times", url: "/payments" },
  ] as const;
  const notice = { ...notices[Math.floor(n / 100) % notices.length], id: `n${n}`, time: Date.now() / 1000 };
  return [
    { type: "notification", topic: "shop", data: notice as EventData<typeof shop, "notification"> },
    { type: "trace-update", topic: "shop", data: { trace_id: `order-${n}`, span_count: 2 + (n % 13) } },
    { type: "nav-badge-update", topic: "shop", data: { path: "/orders", badge: String(n % 90) } },
    { type: "nav-badge-update", topic: "shop", data: { path: "/returns", badge: n % 200 < 100 ? "2" : "" } },
    { type: "nav-badge-update", topic: "shop", data: { path: "/inbox", badge: String(1 + (n % 7)) } },
  ];
}
