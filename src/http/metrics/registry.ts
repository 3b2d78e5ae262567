import { type Aggregator, Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from "prom-client";
import type { CurrentReader } from "../../log/current-values.ts";
import type { EndedReader } from "../../log/ended-topics.ts";
import type { Histogram } from "../../log/histogram.ts";
import type { EngineStatus } from "../../log/store.ts";
import { version } from "../../version.ts";
import type { Hub } from "../hub.ts";
import { Descriptors } from "../limits/descriptors.ts";

/** The default metrics of a process that Bun reports correctly. */
const TRUE_OF_BUN =
  /^process_(?!heap|open_fds|max_fds)|^nodejs_eventloop_lag_(seconds|p\d+_seconds|max_seconds)$/;

/** All metrics of a hub. Each value is read when Prometheus asks for it. */
export function createRegistry(
  { broker, nodes, refusals, publications }: Hub,
  deliveries: Histogram,
): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) {
    if (!TRUE_OF_BUN.test(name)) registry.removeSingleMetric(name);
  }

  const gauge = (name: string, help: string, read: () => number, aggregator: Aggregator = "sum") =>
    new Gauge({
      name,
      help,
      aggregator,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  const counter = (name: string, help: string, read: () => number, aggregator: Aggregator = "sum") =>
    new Counter({
      name,
      help,
      aggregator,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const { log } = broker;
  const { store } = log;
  const descriptors = Descriptors.ofProcess();

  new Gauge({
    name: "tidings_info",
    help: "The hub's version",
    aggregator: "first",
    labelNames: ["version"],
    registers: [registry],
  }).set({ version }, 1);
  gauge(
    "tidings_nodes",
    "Nodes of the hub that this one knows of, itself included",
    () => nodes.count,
    "max",
  );
  gauge("tidings_clients", "Open event streams", () => broker.clientCount);
  gauge(
    "tidings_draining",
    "Whether the hub drains: it removes its clients, to stop",
    () => Number(broker.draining),
    "max",
  );
  gauge(
    "tidings_clients_blocked",
    "Clients that are blocked: their streams are full",
    () => broker.blockedCount,
  );
  gauge(
    "tidings_clients_behind",
    "Clients that are behind: they are replaying or blocked",
    () => broker.behindCount,
  );
  gauge(
    "tidings_subscriptions",
    "Different subscriptions; clients that ask for the same share one",
    () => broker.subscriptionCount,
  );
  counter("tidings_connects_total", "Event streams opened", () => broker.totals.connected);
  counter("tidings_publishes_total", "Events published", () => broker.totals.published, "max");
  counter("tidings_deliveries_total", "Events written to clients", () => broker.totals.delivered);
  counter("tidings_delivered_bytes_total", "Bytes of events written to clients", () => broker.totals.bytes);
  counter(
    "tidings_replayed_total",
    "Events read from the log for clients that were behind",
    () => broker.totals.replayed,
  );
  counter(
    "tidings_gaps_total",
    "Gaps: how often a client was told that events are no longer held",
    () => broker.totals.gaps,
  );
  counter("tidings_blocked_total", "How often a client became blocked", () => broker.totals.blocked);
  const labelled = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Iterable<readonly [labels: Record<string, string | number>, count: number]>,
  ) =>
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, count] of read()) this.inc(labels, count);
      },
    });
  labelled("tidings_removals_total", "Clients removed, by reason", ["reason"], () =>
    Object.entries(broker.totals.removed).map(([reason, count]) => [{ reason }, count]),
  );
  labelled("tidings_published_total", "Events published, by type of the catalog", ["type"], () =>
    Array.from(publications.types, ([type, count]) => [{ type }, count]),
  );
  labelled(
    "tidings_publisher_events_total",
    "Events published, by publisher and type",
    ["publisher", "type"],
    () =>
      Array.from(publications.publishers).flatMap(({ publisher, types }) =>
        Array.from(types, ([type, count]) => [{ publisher, type }, count] as const),
      ),
  );
  labelled("tidings_requests_total", "Requests answered", ["method", "route", "status"], () =>
    Array.from(refusals.requests, ({ count, ...labels }) => [labels, count]),
  );
  histogram(
    registry,
    "tidings_delivery_seconds",
    "Time from publishing to the write to the last live client",
    deliveries,
  );
  if (descriptors) {
    gauge("process_open_fds", "Open file descriptors", () => descriptors.open);
    gauge("process_max_fds", "How many file descriptors there may be", () => descriptors.limit);
    counter(
      "tidings_descriptors_short_total",
      "Streams refused to keep file descriptors for publishers",
      () => descriptors.refusals,
    );
  }
  histogram(registry, "tidings_replay_events", "Events replayed to a client that came back", broker.replays);
  labelled("tidings_refused_total", "Requests refused", ["route", "status"], () =>
    Array.from(refusals.counts, ({ route, status, count }) => [{ route, status }, count]),
  );
  labelled("tidings_busy_total", "Readers of streams that were told to come back later", ["reason"], () =>
    Array.from(refusals.busy.counts, ([reason, count]) => [{ reason }, count]),
  );
  gauge("tidings_store_events", "Events held", () => store.count, "max");
  gauge("tidings_store_bytes", "What the events held cost, in bytes", () => store.bytes, "max");
  gauge(
    "tidings_store_failing",
    "Whether the store failed when it was last written to",
    () => Number(log.failing),
    "max",
  );
  counter("tidings_store_failures_total", "Writes that the store failed", () => log.failures, "max");
  counter("tidings_lost_events_total", "Events delivered, and then lost by the store", () => log.lost, "max");
  if (store.current) registerCurrent(registry, store.current);
  if (store.ended) registerEnded(registry, store.ended);
  if (store.engine) registerEngine(registry, () => store.engine);
  histogram(registry, "tidings_store_append_seconds", "Time to keep a turn's events", log.appendTimes);
  return registry;
}

/** Makes the gauges of a store that all nodes share: the highest of what they say counts. */
function sharedGauges(registry: Registry) {
  return (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      aggregator: "max",
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
}

/** Registers how many current values there are. */
function registerCurrent(registry: Registry, current: CurrentReader): void {
  const gauge = sharedGauges(registry);
  gauge("tidings_current_values", "Current values held", () => current.count);
  gauge("tidings_current_bytes", "What their events cost, in bytes", () => current.bytes);
  gauge("tidings_current_dropped", "Current values gone since a bound was passed", () => current.dropped);
}

/** Registers how many topics have ended. */
function registerEnded(registry: Registry, ended: EndedReader): void {
  const gauge = sharedGauges(registry);
  gauge("tidings_ended_topics", "Topics that have ended", () => ended.count);
  gauge("tidings_ended_dropped", "Ended topics opened since the bound was passed", () => ended.dropped);
}

/** Registers how the engine is doing that keeps the log for many nodes. */
function registerEngine(registry: Registry, engine: () => EngineStatus | undefined): void {
  const gauge = sharedGauges(registry);
  new Gauge({
    name: "tidings_engine_state",
    help: "Whether the engine is open, recovering or away",
    aggregator: "max",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      for (const state of ["open", "recovering", "away"])
        this.set({ state }, Number(engine()?.state === state));
    },
  });
  gauge("tidings_engine_life", "The number of the log's life", () => engine()?.life?.number ?? 0);
  gauge("tidings_engine_lag", "How many events this node is behind the engine", () => engine()?.lag ?? 0);
  gauge(
    "tidings_engine_append_seconds",
    "How long the engine took to answer the last append",
    () => (engine()?.appendMs ?? 0) / 1000,
  );
  new Counter({
    name: "tidings_engine_put_back_total",
    help: "Appends that this node has put back",
    aggregator: "max",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(engine()?.putBack ?? 0);
    },
  });
}

/** Registers a histogram whose numbers are kept elsewhere. */
function histogram(registry: Registry, name: string, help: string, source: Histogram): void {
  const get = async () => {
    const values = [];
    let below = 0;
    for (const [i, bound] of source.bounds.entries()) {
      below += source.counts[i] ?? 0;
      values.push({ metricName: `${name}_bucket`, labels: { le: bound }, value: below });
    }
    values.push({ metricName: `${name}_bucket`, labels: { le: "+Inf" }, value: source.count });
    values.push({ metricName: `${name}_sum`, labels: {}, value: source.sum });
    values.push({ metricName: `${name}_count`, labels: {}, value: source.count });
    return { name, help, type: "histogram", aggregator: "sum", values };
  };
  // Its type asks for one of prom-client's own classes; what the registry calls is `get`.
  registry.registerMetric({ name, get } as unknown as Metric);
}
