import { expect, test } from "bun:test";
import { join } from "node:path";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { startHub } from "../hub.ts";
import { commandsOf } from "../readme/document.ts";
import { sectionsOf } from "../readme/markdown.ts";
import { until } from "../until.ts";
import { openFile, writeRecipe } from "./recipe.ts";

// The readers of hypermedia libraries, from their packages, unchanged.

const PAGE = "hypermedia";
const packages = join(import.meta.dir, "../../node_modules");
const scriptOf = (path: string) => Bun.file(join(packages, path)).text();
const scripts = {
  "turbo.js": await scriptOf("@hotwired/turbo/dist/turbo.es2017-esm.js"),
  "htmx.js": await scriptOf("htmx.org/dist/htmx.js"),
  "sse.js": await scriptOf("htmx-ext-sse/dist/sse.js"),
  "datastar.js": await scriptOf("@starfederation/datastar/dist/datastar.js"),
};
const text = await Bun.file(join(import.meta.dir, `../../src/manual/${PAGE}.md`)).text();

test.skipIf(browserless).each([
  ["Turbo", "turbo.html", "#orders", true],
  ["htmx", "htmx.html", "ul", true],
  ["Datastar", "datastar.html", "#newest", false],
])(
  "%s shows what is published, and comes back if it uses an EventSource",
  async (name, file, selector, comesBack) => {
    const { blocks = [] } = sectionsOf(text).find(({ heading }) => heading === name) ?? {};
    const command = blocks
      .filter(({ language }) => language === "sh")
      .flatMap((block) => commandsOf(block.text))[0];
    const [, type = "", data = ""] =
      /^tidings publish (\S+) --topic orders --text\s*'(.*)'$/.exec(command ?? "") ?? [];
    const { url, broker } = startHub();
    const folder = await writeRecipe(PAGE, scripts);
    const page = await openFile(url, join(folder, file));
    const shown = () =>
      page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ""`);
    const publish = (order: string) =>
      broker.publish({ type, data: data.replace("Order 7", order), topic: "orders" });
    await until(() => broker.clientCount === 1);
    await publish("Order 7");
    await until(async () => String(await shown()).includes("Order 7"));
    expect(await shown()).toBe("Order 7");
    if (!comesBack) return;
    const [client] = broker.clients;
    broker.removeClient(client?.id ?? "");
    await publish("Order 8");
    await until(async () => String(await shown()).includes("Order 8"));
    expect(await shown()).toBe("Order 7Order 8");
  },
  BROWSER_TIMEOUT,
);
