import { type Static, Type } from "@sinclair/typebox";
import type { Store } from "../log/store.ts";
import { version } from "../version.ts";
import type { Broker } from "./broker.ts";

export const Status = Type.Object({
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
