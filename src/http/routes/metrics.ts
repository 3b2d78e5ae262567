import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Registry } from "prom-client";
import { requireAdmin } from "../access/access.ts";
import type { Hub } from "../hub.ts";
import { measureDeliveries } from "../metrics/deliveries.ts";
import { Figures } from "../metrics/figures.ts";
import { operation, text } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";

/** `GET /metrics`: numbers for Prometheus, all of them read when they are asked for. */
export function metricsRoutes(hub: Hub) {
  const deliveries = measureDeliveries(hub.broker);
  let registry: Promise<Registry> | undefined;
  // Made when somebody asks: watching the event loop takes a timer, and the library 2 MB.
  const own = () => {
    registry ??= import("../metrics/registry.ts").then(({ createRegistry }) =>
      createRegistry(hub, deliveries),
    );
    return registry;
  };
  const question = hub.nodes.question(
    "metrics",
    { asked: Type.Null(), answered: Figures },
    // As JSON has it, which is how the others see it.
    async () => JSON.parse(JSON.stringify(await (await own()).getMetricsAsJSON())),
  );
  return new Elysia().get(
    "/metrics",
    async ({ request }) => {
      await requireAdmin(hub, request);
      const registry = await own();
      const { metricsText } = await import("../metrics/merged.ts");
      const text = await metricsText(await question.askHere(null), registry);
      return new Response(text, { headers: { "content-type": registry.contentType } });
    },
    {
      detail: operation({
        tag: "operations",
        audience: "administrator",
        summary: "Metrics for Prometheus",
        description:
          "Counts, gauges and histograms in Prometheus's text format, for all processes that serve at this " +
          "address. Each machine of a hub of several is asked by itself: the hub's figures are their sums.",
        answers: {
          200: {
            description: "The metrics",
            headers: { "Cache-Control": NOT_STORED },
            content: text("text/plain", { one: "# TYPE tidings_clients gauge\ntidings_clients 3\n" }),
          },
        },
      }),
    },
  );
}
