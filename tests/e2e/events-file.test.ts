import { expect, test } from "bun:test";
import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { runBinary, serveBinary } from "./binary.ts";

// With the executable, in a folder without node_modules.

const events = `
import { Type, type Static } from "@sinclair/typebox";
import { Kind } from "@sinclair/typebox/type";
import { t } from "elysia";
import { Id } from "./lib/id";
const order = t.Object({ id: Id, email: t.Optional(t.String({ format: "email" })) });
if (order[Kind] !== "Object") throw new Error("another TypeBox");
export type Order = Static<typeof order>;
export default { "order-created": order, greeting: Type.String() };
`;
const id = (minimum: number) =>
  `import { Type } from "@sinclair/typebox"; export const Id = Type.Integer({ minimum: ${minimum} });`;

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = emptyFolder();
  for (const [name, text] of Object.entries(files)) await Bun.write(join(folder, name), text);
  return folder;
}

async function publish(url: string, type: string, data: unknown) {
  const response = await fetch(`${url}/publish`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ type, data }),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

test("a catalog of one's own is checked by, beside the built-in one", async () => {
  const folder = await folderWith({ "events.ts": events, "lib/id.ts": id(1) });
  const { url } = await serveBinary(folder, "--events", "events.ts", "--strict");
  const { status, answer } = await publish(url, "order-created", { id: 0, email: "nobody" });
  expect(status).toBe(422);
  expect(answer["errors"]).toEqual([
    { path: "/data/id", message: "Expected integer to be greater or equal to 1" },
    { path: "/data/email", message: "Expected email" },
  ]);
  expect((await publish(url, "order-created", { id: 1, email: "a@example.org" })).status).toBe(200);
  expect((await publish(url, "nav-badge-update", { path: "/", badge: "" })).status).toBe(200);
  expect((await publish(url, "order-creted", { id: 1 })).answer["errors"]).toEqual([
    { path: "/type", message: "Expected a type of the catalog" },
  ]);

  const catalog = (await (await fetch(`${url}/catalog`)).json()) as Record<string, unknown>;
  expect(Object.keys(catalog)).toContain("order-created");
  const printed = await runBinary(folder, "catalog", "--events", "events.ts");
  expect(JSON.parse(printed.output)).toEqual(catalog);
});

const broken: [what: string, text: string, line: string][] = [
  ["a syntax error", "export default {", "Expected identifier but found end of file (events.ts:1:16)"],
  ["an import of what is not there", 'import "./gone"', "Cannot find module './gone'"],
  ["a package that is not installed", 'import "zod"', "Cannot find package 'zod'"],
  ["something thrown", 'throw new Error("no\\nway")', "no\n"],
  ["something rejected by the way", "Promise.reject(new Error('no')); await Bun.sleep(1e6)", "no\n"],
  ["no default export", "export const a = 1", "has no default export"],
  ["something that is no schema", "export default { order: {} }", '"order" is not a TypeBox schema'],
];
test.each(broken)("%s is one line on standard error and exit code 2", async (_, text, line) => {
  const folder = await folderWith({ "events.ts": text });
  const { code, errors, output } = await runBinary(folder, "catalog", "--events", "events.ts");
  expect(errors).toStartWith("tidings: events.ts: ");
  expect(errors).toContain(line);
  expect(errors.trimEnd()).not.toContain("\n");
  expect({ code, output }).toEqual({ code: 2, output: "" });
});

test("serve ends the same way, also for a file that is not there", async () => {
  const folder = emptyFolder();
  const { code, errors } = await runBinary(folder, "serve", "--port", "0", "--events", "gone.ts");
  expect({ code, errors }).toEqual({ code: 2, errors: "tidings: gone.ts: there is no such file\n" });
});

test("changes are taken up without dropping a client; what is broken leaves all as it was", async () => {
  const folder = await folderWith({ "events.ts": events, "lib/id.ts": id(1) });
  const { url, logged } = await serveBinary(folder, "--events", "events.ts");
  const reader = await Reader.open(`${url}/events?type=order-created`);
  const accepted = async (n: number) => (await publish(url, "order-created", { id: n })).status === 200;
  expect(await accepted(5)).toBe(true);

  // A file that it imports, in place.
  await Bun.write(join(folder, "lib/id.ts"), id(10));
  await logged("catalog loaded again");
  expect([await accepted(5), await accepted(10)]).toEqual([false, true]);

  // Half of a file.
  await Bun.write(join(folder, "lib/id.ts"), "export const Id = ");
  const failed = await logged("catalog not loaded again, what was in force stays");
  expect(failed).toMatchObject({ level: "error", error: expect.stringContaining("lib/id.ts:1:18") });
  expect([await accepted(5), await accepted(10)]).toEqual([false, true]);

  // The same file, written beside it and moved there, as many editors save.
  await Bun.write(join(folder, "lib/.id.ts.swp"), id(20));
  await rename(join(folder, "lib/.id.ts.swp"), join(folder, "lib/id.ts"));
  await logged("catalog loaded again");
  expect([await accepted(10), await accepted(20)]).toEqual([false, true]);

  // The file itself, which then imports one that comes later.
  await Bun.write(join(folder, "events.ts"), events.replace("./lib/id", "./new/id"));
  await logged("catalog not loaded again, what was in force stays");
  await mkdir(join(folder, "new"));
  await Bun.write(join(folder, "new/id.ts"), id(30));
  await logged("catalog loaded again");
  expect([await accepted(20), await accepted(30)]).toEqual([false, true]);

  expect(await reader.take(5)).toEqual([
    ["connected", expect.anything()],
    ["order-created", { id: 5 }],
    ["order-created", { id: 10 }],
    ["order-created", { id: 10 }],
    ["order-created", { id: 20 }],
  ]);
});

test("a link that comes to point elsewhere is a change, as where files are mounted", async () => {
  const folder = await folderWith({
    "v1/events.ts": 'import { Type } from "@sinclair/typebox"; export default { a: Type.Literal(1) };',
    "v2/events.ts": 'import { Type } from "@sinclair/typebox"; export default { a: Type.Literal(2) };',
  });
  await symlink("v1", join(folder, "now"));
  await symlink("now/events.ts", join(folder, "events.ts"));
  const { url, logged } = await serveBinary(folder, "--events", "events.ts");
  expect((await publish(url, "a", 2)).status).toBe(422);
  await symlink("v2", join(folder, "next"));
  await rename(join(folder, "next"), join(folder, "now"));
  await logged("catalog loaded again");
  expect((await publish(url, "a", 2)).status).toBe(200);
});
