import { expect, test } from "bun:test";
import { normal, partIn } from "../../scripts/generated-part.ts";
import { httpReference } from "../../scripts/http-reference.ts";
import { optionTable } from "../../scripts/option-table.ts";

const page = (name: string) => Bun.file(new URL(`../../src/manual/${name}.md`, import.meta.url)).text();

test("the table of options is what the options are", async () => {
  // `bun scripts/option-table.ts` puts it right.
  expect(partIn(await page("options"), "options")).toBe(normal(optionTable()));
});

test("the reference has the routes of the description", async () => {
  // `bun scripts/http-reference.ts` puts it right.
  expect(partIn(await page("http"), "routes")).toBe(normal(await httpReference()));
});
