import { Elysia } from "elysia";
import type { Hub } from "./hub.ts";

/** `GET /catalog`: each event type's JSON Schema. */
export function catalogRoutes(hub: Hub) {
  return new Elysia().get("/catalog", () => hub.catalog.toJSON(), {
    detail: { tags: ["publish"], summary: "Each event type's JSON Schema" },
  });
}
