import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { statusOf } from "../../broker/status.ts";
import { Status } from "../../protocol/status.ts";
import { draining, storeFailing } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json } from "../openapi/json-content.ts";
import { problemResponses } from "../openapi/problem-responses.ts";

const Health = Type.Object({ status: Type.String() });

/** `GET /status`, `/healthz` and `/readyz`: how the hub is, for people and for whatever watches it. */
export function statusRoutes({ broker }: Hub) {
  return new Elysia()
    .get("/status", () => statusOf(broker), {
      detail: {
        tags: ["operations"],
        summary: "Clients, memory, store and totals",
        responses: { 200: { description: "How the hub is", content: json(Status) } },
      },
    })
    .get("/healthz", () => ({ status: "alive" }), {
      detail: {
        tags: ["operations"],
        summary: "Whether the process answers",
        responses: { 200: { description: "It does", content: json(Health) } },
      },
    })
    .get(
      "/readyz",
      () => {
        if (broker.draining) throw draining();
        if (broker.log.failing) throw storeFailing();
        return { status: "ready" };
      },
      {
        detail: {
          tags: ["operations"],
          summary: "Whether to send it traffic",
          responses: { 200: { description: "It is ready", content: json(Health) }, ...problemResponses(503) },
        },
      },
    );
}
