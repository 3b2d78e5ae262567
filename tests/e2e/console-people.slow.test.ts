import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { BROWSER_TIMEOUT, browserless } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { post } from "../post.ts";
import { runBinary, serveBinary } from "./binary.ts";
import { openConsole, PHONE } from "./console.ts";

const ADMIN_KEY = "the-key-of-the-house";

describe.skipIf(browserless)("the console of a hub with keys", () => {
  test(
    "shows who reads a topic, who publishes what, and what is current there, to be cleared",
    async () => {
      const folder = emptyFolder();
      await Bun.write(join(folder, "secret"), "a secret of more than thirty-two bytes\n");
      const { url } = await serveBinary(folder, "--jwt-key-file", "secret", "--admin-key", ADMIN_KEY);
      const sign = async (...grants: string[]) =>
        (await runBinary(folder, "token", "--jwt-key-file", "secret", ...grants)).output.trim();
      const alice = await sign("--subject", "alice", "--subscribe", "orders/*");
      const shop = await sign("--subject", "shop", "--publish", "*");
      const readers = [
        await Reader.open(`${url}/events?topic=orders/1`, { authorization: `Bearer ${alice}` }),
        await Reader.open(`${url}/events?topic=invoices/1`),
      ];
      for (const reader of readers) await reader.next();
      for (const topic of ["orders/1", "invoices/1"]) {
        const state = { type: "state", data: { of: topic }, topic, retain: true };
        expect((await post(`${url}/publish`, state, { authorization: `Bearer ${shop}` })).status).toBe(200);
      }

      const { page, faults } = await openConsole(url, { size: PHONE });
      await page.getByLabel("Administrator's key").fill(ADMIN_KEY);
      await page.keyboard.press("Enter");
      const region = (name: string) => page.getByRole("region", { name, exact: true });
      await region("Publishers").getByText("shop").waitFor();
      await region("Types").getByText("by shop").waitFor();
      await region("Publishers").getByRole("button", { name: "state 2" }).click();
      await region("Types").getByRole("button", { name: "state by shop", pressed: true }).click();
      await region("Readers").getByText("alice").waitFor();
      await region("Readers").getByText("2", { exact: true }).waitFor();
      await page.getByPlaceholder("Topic or prefix*").fill("invoices/*");
      await region("Readers").getByText("of invoices/*").waitFor();
      await region("Readers").getByText("Their tokens name nobody.").waitFor();

      const current = region("Current values");
      await current.getByRole("button", { name: "Show" }).click();
      await current.getByText('{"of":"invoices/1"}').waitFor();
      expect(await current.getByText('{"of":"orders/1"}').count()).toBe(0);
      await current.getByRole("button", { name: "Clear state on invoices/1" }).click();
      await current.getByText("Nothing is retained here.").waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
      for (const reader of readers) reader.leave();
      expect(faults).toEqual([]);
    },
    BROWSER_TIMEOUT,
  );
});
