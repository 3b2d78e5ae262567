import type { CurrentReader } from "../log/current-values.ts";
import type { EndedReader } from "../log/ended-topics.ts";
import type { EngineStatus, Store } from "../log/store.ts";
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
      ...(store.current && { current: currentOf(store.current) }),
      ...(store.ended && { ended: endedOf(store.ended) }),
      ...(store.engine && { engine: engineOf(store.engine) }),
    },
    totals: broker.totals,
  };
}

/** An age without end is none in JSON. */
function boundsOf({ bounds: { events, bytes, age } }: Store) {
  return { events, bytes, age: Number.isFinite(age) ? age : null };
}

function currentOf({
  count,
  bytes,
  dropped,
  bounds,
}: CurrentReader): NonNullable<Status["store"]["current"]> {
  return { values: count, bytes, dropped, bounds: { ...bounds } };
}

function endedOf({ count, dropped, most }: EndedReader): NonNullable<Status["store"]["ended"]> {
  return { topics: count, dropped, bound: most };
}

function engineOf(engine: EngineStatus): NonNullable<Status["store"]["engine"]> {
  const {
    state,
    reason = null,
    host = null,
    node,
    life = null,
    lag,
    appendMs,
    putBack,
    lost,
    durability,
  } = engine;
  const figures = { lag, append_seconds: appendMs / 1000, put_back: putBack, lost };
  return { state, reason, host, node, life, ...figures, durability };
}
