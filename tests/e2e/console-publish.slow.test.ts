import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { cleanEnvironment } from "../program.ts";
import { binary, serveBinary } from "./binary.ts";
import { openConsole, PHONE } from "./console.ts";

/** A catalog with all that a form has to draw. */
const CATALOG = `
import { Type } from "@sinclair/typebox";
export default {
  "order-created": Type.Object({
    id: Type.Integer({ minimum: 1, description: "Counts up" }),
    paid: Type.Boolean(),
    currency: Type.Union([Type.Literal("EUR"), Type.Literal("USD")]),
    customer: Type.Object({ name: Type.String({ minLength: 2 }), "e/mail": Type.Optional(Type.String()) }),
    items: Type.Array(Type.Object({ sku: Type.String(), price: Type.Number({ minimum: 0 }) })),
    payment: Type.Union([
      Type.Object({ kind: Type.Literal("card"), digits: Type.String() }),
      Type.Object({ kind: Type.Literal("invoice"), days: Type.Integer() }),
    ]),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    note: Type.Union([Type.String(), Type.Null()]),
    size: Type.Tuple([Type.Number(), Type.Number()]),
    extra: Type.Optional(Type.Unknown()),
  }),
};`;

const dataOf = (page: Page) => page.locator("#data");
const publishButton = (page: Page) => page.getByRole("button", { name: "Publish", exact: true });

describe.skipIf(browserless)("the console's form", () => {
  test(
    "publishes a built-in event, and puts the hub's reasons beside the fields before that",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const reader = await Reader.open(`${url}/events?topic=billing`);
      await reader.next();
      const { page, faults } = await openConsole(url, { view: "publish" });
      await page.getByLabel("Type", { exact: true }).selectOption("notification");
      await publishButton(page).click();
      const message = dataOf(page).getByLabel("message");
      await dataOf(page).locator("[aria-invalid=true]").nth(3).waitFor();
      const help = await message.getAttribute("aria-describedby");
      expect(await page.locator(`[id="${help}"]`).innerText()).toBe("missing");
      // The first of them has the focus, so that a screen reader says it.
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("field/data/id");

      await dataOf(page).getByLabel("id", { exact: true }).fill("n1");
      await dataOf(page).getByLabel("source").fill("billing");
      await message.fill("Invoice 7 is overdue");
      await dataOf(page).getByLabel("severity").selectOption("warning");
      await dataOf(page).getByRole("button", { name: "Now" }).click();
      await page.getByLabel("Topics", { exact: true }).fill("billing");
      await page.keyboard.press("Enter");
      await publishButton(page).click();
      await page.getByText("to 1 client.").waitFor();
      const event = await reader.next();
      expect(event?.event).toBe("notification");
      expect(JSON.parse(event?.data ?? "")).toMatchObject({ id: "n1", severity: "warning" });
      expect(await dataOf(page).locator("[aria-invalid=true]").count()).toBe(0);
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "draws a type of one's own: nested, lists, unions, records, tuples, optional",
    async () => {
      const folder = emptyFolder();
      await Bun.write(join(folder, "events.ts"), CATALOG);
      const { url } = await serveBinary(folder, "--events", "events.ts");
      const reader = await Reader.open(`${url}/events`);
      await reader.next();
      const { page, faults } = await openConsole(url, { view: "publish" });
      const form = dataOf(page);
      // A hub's own types come first, and the form begins with the first of them.
      await form.getByText("Counts up").waitFor();
      await form.getByLabel("id", { exact: true }).fill("0");
      await form.getByLabel("paid").selectOption("true");
      await form.getByLabel("currency").selectOption("USD");
      await form.getByLabel("name").fill("A");
      await form.getByLabel("e/mail").fill("ada@example.org");
      await form.getByRole("button", { name: "Add an item" }).click();
      await form.getByRole("button", { name: "Add an item" }).click();
      await form.getByRole("button", { name: "Remove item 2" }).click();
      await form.getByLabel("sku").fill("A-1");
      await form.getByLabel("price").fill("-1");
      await form.getByLabel("Kind of payment").selectOption({ label: "invoice" });
      await form.getByLabel("days").fill("14");
      await form.getByRole("button", { name: "Add labels" }).click();
      await form.getByLabel("Name of a new member").fill("origin");
      await page.keyboard.press("Enter");
      await form.getByLabel("origin", { exact: true }).fill("web");
      await form.getByLabel("Kind of note").selectOption({ label: "null" });
      const size = form.getByRole("group", { name: "size" });
      await size.getByLabel("1").fill("2.5");
      await size.getByLabel("2").fill("4");
      await form.getByLabel("extra").fill('{"any": ["thing"]}');

      await publishButton(page).click();
      // Deep inside, and under a name that a JSON Pointer has to escape around.
      const reasonAt = (path: string) => page.locator(`[id="field${path}:help"]`);
      await reasonAt("/data/items/0/price")
        .getByText("Expected number to be greater or equal to 0")
        .waitFor();
      await reasonAt("/data/customer/name")
        .getByText("minimum length of 2")
        .or(reasonAt("/data/customer/name").getByText("greater or equal to 2"))
        .waitFor();
      await reasonAt("/data/id").getByText("greater or equal to 1").waitFor();

      await form.getByLabel("id", { exact: true }).fill("12");
      await form.getByLabel("name", { exact: true }).fill("Ada");
      await form.getByLabel("price").fill("12.5");
      await publishButton(page).click();
      await page.getByText("to 1 client.").waitFor();
      expect(JSON.parse((await reader.next())?.data ?? "")).toEqual({
        id: 12,
        paid: true,
        currency: "USD",
        customer: { name: "Ada", "e/mail": "ada@example.org" },
        items: [{ sku: "A-1", price: 12.5 }],
        payment: { kind: "invoice", days: 14 },
        labels: { origin: "web" },
        note: null,
        size: [2.5, 4],
        extra: { any: ["thing"] },
      });
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "fills in an example that the hub takes, and says what topics mean before it is out",
    async () => {
      const folder = emptyFolder();
      await Bun.write(join(folder, "events.ts"), CATALOG);
      const { url } = await serveBinary(folder, "--events", "events.ts");
      const { page, faults } = await openConsole(url, { view: "publish", size: PHONE });
      const groups = page.locator("#type optgroup");
      await groups.nth(1).waitFor({ state: "attached" });
      expect(await groups.evaluateAll((all) => all.map((one) => one.getAttribute("label")))).toEqual([
        "Of this hub",
        "Built in",
      ]);
      await page.getByText("Without a topic, everyone gets it").waitFor();
      await page.getByRole("button", { name: "Fill in an example" }).click();
      await page.getByLabel("Topics", { exact: true }).fill("orders/*");
      await page.keyboard.press("Enter");
      await page.getByText("orders/* is a pattern, for readers.").waitFor();
      await page.getByRole("button", { name: "Remove topic orders/*" }).click();
      await page.getByLabel("Topics", { exact: true }).fill("orders/1");
      await page.keyboard.press("Enter");
      await page.getByText("Without a topic").waitFor({ state: "detached" });
      await publishButton(page).click();
      await page.getByText("to 0 clients.").waitFor();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(PHONE.width);
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "publishes what no catalog knows, as JSON",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page } = await openConsole(url, { view: "publish" });
      await page.getByLabel("Type", { exact: true }).selectOption({ label: "Another type…" });
      await page.getByLabel("Name of the type").fill("connected");
      await page.getByLabel("Data as JSON").fill("{");
      await dataOf(page).locator(".field-error").waitFor();
      await page.getByLabel("Data as JSON").fill('{"it": "works"}');
      await publishButton(page).click();
      await page.getByText("belong to the hub").waitFor();
      await page.getByLabel("Name of the type").fill("anything");
      await publishButton(page).click();
      await page.getByText("to 0 clients.").waitFor();
    },
    BROWSER_TIMEOUT,
  );

  test(
    "shows the same request as commands, which do the same when they are copied and run",
    async () => {
      const folder = emptyFolder();
      const { url } = await serveBinary(folder);
      const { page } = await openConsole(url, { view: "publish" });
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await page.getByLabel("Type", { exact: true }).selectOption({ label: "Another type…" });
      await page.getByLabel("Name of the type").fill("greeting");
      await page.getByLabel("Data as JSON").fill(`{"to": "Ada's friends", "n": [1, "\\"$HOME\\""]}`);
      await page.getByLabel("Topics", { exact: true }).fill("orders/1");
      await page.keyboard.press("Enter");
      for (const name of ["curl", "Command line"]) {
        const reader = await Reader.open(`${url}/events?topic=orders/*`);
        await reader.next();
        await page.getByRole("tab", { name }).click();
        await page.getByRole("button", { name: "Copy the code" }).click();
        await page.getByRole("button", { name: "Copied" }).waitFor();
        const command = await page.evaluate(() => navigator.clipboard.readText());
        const { PATH } = cleanEnvironment();
        const path = `${join(binary, "..")}:${PATH}`;
        const child = Bun.spawn(["sh", "-c", command], {
          stdio: ["ignore", "ignore", "ignore"],
          env: { ...cleanEnvironment(), PATH: path },
        });
        expect(await child.exited, command).toBe(0);
        const event = await reader.next();
        expect(event?.event).toBe("greeting");
        expect(JSON.parse(event?.data ?? "")).toEqual({ to: "Ada's friends", n: [1, '"$HOME"'] });
        reader.leave();
      }
      await page.getByRole("tab", { name: "TypeScript" }).click();
      await page.getByText('await hub.publish("greeting", {').waitFor();
    },
    BROWSER_TIMEOUT,
  );

  test(
    "takes an event of the stream to be changed and published again",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const { page } = await openConsole(url);
      await fetch(`${url}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          type: "trace-update",
          data: { trace_id: "t1", span_count: 2 },
          topics: ["traces"],
        }),
      });
      await page.getByRole("grid").getByText("trace-update").click();
      await page.getByRole("button", { name: "Edit and publish again" }).click();
      await page.getByLabel("trace_id").waitFor();
      expect(await page.getByLabel("trace_id").inputValue()).toBe("t1");
      await page.getByLabel("span_count").fill("3");
      await publishButton(page).click();
      await page.getByText("to 0 clients.").waitFor();
      await page.getByRole("link", { name: "Live" }).click();
      await page.getByRole("grid").getByText('{"trace_id":"t1","span_count":3}').waitFor();
    },
    BROWSER_TIMEOUT,
  );
});
