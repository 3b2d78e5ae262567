import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Catalog } from "../../src/events/catalog.ts";
import { startHub } from "../hub.ts";
import { run } from "./tidings.ts";

test("prints the catalog of a running hub", async () => {
  const { url } = startHub({ catalog: new Catalog({ mine: Type.String() }) });
  const { code, output } = await run(["catalog", "--url", url]);
  expect(code).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ mine: { type: "string" }, "health-update": {} });
});

test("prints its own without a hub; a flag wins over the variable of the other one", async () => {
  const { url } = startHub({ catalog: new Catalog({ mine: Type.String() }) });
  const asked = await run(["catalog", "--url", url], { env: { TIDINGS_EVENTS: "/nowhere.ts" } });
  expect(Object.keys(JSON.parse(asked.output))).toContain("mine");
  const own = await run(["catalog"]);
  expect(Object.keys(JSON.parse(own.output))).not.toContain("mine");
  const loaded = await run(["catalog", "--events", "/nowhere.ts"], { env: { TIDINGS_URL: url } });
  expect(loaded).toMatchObject({ code: 2, errors: "tidings: /nowhere.ts: there is no such file\n" });
});

test("a hub that is away is code 1; two catalogs at a time are code 2", async () => {
  const { url, stop } = startHub();
  await stop();
  expect(await run(["catalog", "--url", url])).toEqual({
    code: 1,
    output: "",
    errors: `tidings: the hub can't be reached: ${url}/catalog: connection refused\n`,
  });
  const both = await run(["catalog", "--url", url, "--events", "events.ts"]);
  expect(both).toMatchObject({ code: 2, output: "" });
});
