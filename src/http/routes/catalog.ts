import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Hub } from "../hub.ts";
import { json, operation } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";

/** `GET /catalog`: each event type's JSON Schema. */
export function catalogRoutes({ broker }: Hub) {
  return new Elysia().get("/catalog", () => broker.catalog.toJSON(), {
    detail: operation({
      tag: "publish",
      audience: "everyone",
      summary: "Each event type's JSON Schema",
      description:
        "What the data of an event has to be where its type is among these: the built-in types, and those of " +
        "this hub. Data of other types may be any JSON, unless the hub is strict.",
      answers: {
        200: {
          description: "The schemas by type",
          headers: { "Cache-Control": NOT_STORED },
          content: json(
            "Catalog",
            Type.Record(Type.String(), Type.Object({}, { additionalProperties: true })),
            {
              "one type": { "order-shipped": { type: "object", required: ["order"], properties: {} } },
            },
          ),
        },
      },
    }),
  });
}
