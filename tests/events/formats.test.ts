import { expect, test } from "bun:test";
import { FormatRegistry, Type } from "@sinclair/typebox";
import { Catalog } from "../../src/events/catalog.ts";
import { problemOf } from "../http/problem.ts";
import { startHub } from "../hub.ts";
import { post } from "../post.ts";

test("the formats of a catalog work in a hub that describes its interface", async () => {
  const { url } = startHub({ catalog: new Catalog({ address: Type.String({ format: "ipv4" }) }) });
  expect((await post(`${url}/publish`, { type: "address", data: "192.0.2.1" })).status).toBe(200);
  await problemOf(await post(`${url}/publish`, { type: "address", data: "192.0.2.256" }), 422);
});

test("importing the library changes no format of an application", async () => {
  const script = `
    import { FormatRegistry } from "@sinclair/typebox";
    import "elysia";
    const before = FormatRegistry.Entries();
    await import("tidings");
    const after = FormatRegistry.Entries();
    console.log([...after].filter(([name, check]) => before.get(name) !== check).length, after.size > 0);
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  expect(await new Response(child.stdout).text()).toBe("0 true\n");
});

test("what an application has registered stays", () => {
  const own = () => true;
  const before = FormatRegistry.Get("ipv4");
  if (!before) throw new Error("nobody has registered it");
  FormatRegistry.Set("ipv4", own);
  new Catalog({ address: Type.String({ format: "ipv4" }) });
  expect(FormatRegistry.Get("ipv4")).toBe(own);
  FormatRegistry.Set("ipv4", before);
});
