import { Elysia } from "elysia";
import type { Registry } from "prom-client";
import { requireAdmin } from "../access/admin.ts";
import type { Hub } from "../hub.ts";
import { createRegistry, measureDeliveries } from "../metrics/registry.ts";
import { problemResponses } from "../openapi/problem-responses.ts";

/** `GET /metrics`: numbers for Prometheus, all of them read when they are asked for. */
export function metricsRoutes(hub: Hub) {
  const deliveries = measureDeliveries(hub.broker);
  let registry: Registry | undefined;
  return new Elysia().get(
    "/metrics",
    async ({ request }) => {
      await requireAdmin(hub, request);
      // Made when somebody asks: watching the event loop takes a timer.
      registry ??= createRegistry(hub, deliveries);
      return new Response(await registry.metrics(), { headers: { "content-type": registry.contentType } });
    },
    {
      detail: {
        tags: ["operations"],
        summary: "Metrics for Prometheus",
        responses: {
          200: { description: "The metrics", content: { "text/plain": { schema: { type: "string" } } } },
          ...problemResponses(401, 403),
        },
      },
    },
  );
}
