import { Elysia } from "elysia";
import type { Broker } from "../broker/broker.ts";
import { version } from "../version.ts";
import type { Hub } from "./hub.ts";
import { Problem } from "./problem.ts";

/** How the hub is, as `GET /status` and the console show it. */
export function statusOf(broker: Broker) {
  const { store } = broker.log;
  return {
    status: broker.draining ? "stopping" : "active",
    connected_clients: broker.clientCount,
    version,
    uptime_seconds: Math.floor((performance.now() - broker.startedAt) / 1000),
    /** The process's resident memory, in bytes. */
    memory: process.memoryUsage.rss(),
    store: {
      name: store.name,
      events: store.count,
      bytes: store.bytes,
      earliest: broker.log.earliest?.id ?? null,
      failing: broker.log.failing,
    },
    totals: broker.totals,
  };
}

/** `GET /status`, `/healthz` and `/readyz`: how the hub is, for people and for whatever watches it. */
export function statusRoutes({ broker }: Hub) {
  return new Elysia()
    .get("/status", () => statusOf(broker), {
      detail: { tags: ["operations"], summary: "Clients, memory, store and totals" },
    })
    .get("/healthz", () => ({ status: "alive" }), {
      detail: { tags: ["operations"], summary: "Whether the process answers" },
    })
    .get(
      "/readyz",
      () => {
        if (broker.draining) throw new Problem(503, "the hub is stopping");
        if (broker.log.failing) throw new Problem(503, "the store fails; the hub's log says why");
        return { status: "ready" };
      },
      { detail: { tags: ["operations"], summary: "Whether to send it traffic" } },
    );
}
