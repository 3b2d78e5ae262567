import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Broker } from "../broker/broker.ts";
import type { Store } from "../log/store.ts";
import { version } from "../version.ts";
import type { Hub } from "./hub.ts";
import { json } from "./json-content.ts";
import { unavailable } from "./problem.ts";
import { problemResponses } from "./problem-responses.ts";

const Status = Type.Object({
  status: Type.String({ description: "active or stopping" }),
  connected_clients: Type.Integer(),
  version: Type.String(),
  uptime_seconds: Type.Integer(),
  memory: Type.Integer({ description: "The process's resident memory, in bytes" }),
  store: Type.Object({
    name: Type.String(),
    events: Type.Integer({ description: "How many are held" }),
    bytes: Type.Integer({ description: "What they cost to hold" }),
    bounds: Type.Object({
      events: Type.Integer(),
      bytes: Type.Number(),
      age: Type.Union([Type.Number(), Type.Null()], { description: "Milliseconds; null for any age" }),
    }),
    earliest: Type.Union([Type.String(), Type.Null()], { description: "The id of the oldest" }),
    failing: Type.Boolean(),
  }),
  totals: Type.Object({
    published: Type.Integer(),
    delivered: Type.Integer(),
    connected: Type.Integer({ description: "Clients that ever were" }),
  }),
});

const Health = Type.Object({ status: Type.String() });

/** How the hub is, as `GET /status` and the console show it. */
export function statusOf(broker: Broker): Static<typeof Status> {
  const { store } = broker.log;
  return {
    status: broker.draining ? "stopping" : "active",
    connected_clients: broker.clientCount,
    version,
    uptime_seconds: Math.floor((performance.now() - broker.startedAt) / 1000),
    memory: process.memoryUsage.rss(),
    store: {
      name: store.name,
      events: store.count,
      bytes: store.bytes,
      bounds: boundsOf(store),
      earliest: broker.log.earliest?.id ?? null,
      failing: broker.log.failing,
    },
    totals: broker.totals,
  };
}

/** An age without end is none in JSON. */
function boundsOf({ bounds: { events, bytes, age } }: Store) {
  return { events, bytes, age: Number.isFinite(age) ? age : null };
}

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
        if (broker.draining) throw unavailable("the hub is stopping");
        if (broker.log.failing) throw unavailable("the store fails; the hub's log says why");
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
