import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Hub } from "../hub.ts";
import { json } from "../openapi/json-content.ts";

/** `GET /catalog`: each event type's JSON Schema. */
export function catalogRoutes({ broker }: Hub) {
  return new Elysia().get("/catalog", () => broker.catalog.toJSON(), {
    detail: {
      tags: ["publish"],
      summary: "Each event type's JSON Schema",
      responses: {
        200: {
          description: "The schemas by type",
          content: json(Type.Record(Type.String(), Type.Object({}))),
        },
      },
    },
  });
}
