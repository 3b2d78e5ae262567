import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Catalog } from "../../src/events/catalog.ts";
import { problemOf } from "../http/problem.ts";
import { startHub } from "../hub.ts";
import { post } from "../post.ts";

test("the formats of a catalog work in a hub that describes its interface", async () => {
  const { url } = startHub({ catalog: new Catalog({ address: Type.String({ format: "ipv4" }) }) });
  expect((await post(`${url}/publish`, { type: "address", data: "192.0.2.1" })).status).toBe(200);
  await problemOf(await post(`${url}/publish`, { type: "address", data: "192.0.2.256" }), 422);
});
