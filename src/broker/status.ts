import type { Store } from "../log/store.ts";
import type { Status } from "../protocol/status.ts";
import { version } from "../version.ts";
import type { Broker } from "./broker.ts";

/** How the hub is, as `GET /status` and the console show it. */
export function statusOf(broker: Broker): Status {
  const { store, earliest } = broker.log;
  return {
    status: broker.draining ? "stopping" : "active",
    connected_clients: broker.clientCount,
    version,
    uptime_seconds: Math.floor(broker.uptime / 1000),
    memory: process.memoryUsage.rss(),
    store: {
      name: store.name,
      events: store.count,
      bytes: store.bytes,
      bounds: boundsOf(store),
      earliest: earliest === undefined ? null : broker.log.place(earliest),
      failing: broker.log.failing,
    },
    totals: broker.totals,
  };
}

/** An age without end is none in JSON. */
function boundsOf({ bounds: { events, bytes, age } }: Store) {
  return { events, bytes, age: Number.isFinite(age) ? age : null };
}
