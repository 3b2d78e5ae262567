import { Elysia } from "elysia";
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from "prom-client";
import type { Histogram } from "../../log/histogram.ts";
import { version } from "../../version.ts";
import { requireAdmin } from "../access/admin.ts";
import type { Hub } from "../hub.ts";
import { problemResponses } from "../openapi/problem-responses.ts";

/** Of the usual metrics of a process, those that are true of Bun. */
const TRUE_OF_BUN = /^process_(?!heap)|^nodejs_eventloop_lag_(seconds|p\d+_seconds|max_seconds)$/;

/** `GET /metrics`: numbers for Prometheus, all of them read when they are asked for. */
export function metricsRoutes(hub: Hub) {
  let registry: Registry | undefined;
  return new Elysia().get(
    "/metrics",
    async ({ request }) => {
      await requireAdmin(hub.access, request);
      // Made when somebody asks: watching the event loop takes a timer.
      registry ??= createRegistry(hub);
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

function createRegistry({ broker, refusals }: Hub): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) {
    if (!TRUE_OF_BUN.test(name)) registry.removeSingleMetric(name);
  }

  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const { log } = broker;
  const { store } = log;

  new Gauge({
    name: "tidings_info",
    help: "The hub's version",
    labelNames: ["version"],
    registers: [registry],
  }).set({ version }, 1);
  gauge("tidings_clients", "Open event streams", () => broker.clientCount);
  gauge("tidings_draining", "Whether the hub sends its clients away, to stop", () => Number(broker.draining));
  gauge("tidings_clients_stalled", "Open event streams that are full at present", () => broker.stalledCount);
  gauge("tidings_clients_behind", "Open event streams that replay or read slowly", () => broker.behindCount);
  gauge("tidings_subscriptions", "Different things that clients ask for", () => broker.subscriptionCount);
  counter("tidings_connects_total", "Event streams opened", () => broker.totals.connected);
  counter("tidings_publishes_total", "Events published", () => broker.totals.published);
  counter("tidings_deliveries_total", "Events written to clients", () => broker.totals.delivered);
  counter("tidings_delivered_bytes_total", "Bytes of events written to clients", () => broker.totals.bytes);
  counter(
    "tidings_replayed_total",
    "Deliveries that came from the log, to clients that were behind",
    () => broker.totals.replayed,
  );
  counter(
    "tidings_gaps_total",
    "Clients told that some of what they missed is gone",
    () => broker.totals.gaps,
  );
  counter("tidings_stalls_total", "How often a client's stream was found full", () => broker.totals.stalls);
  new Counter({
    name: "tidings_removals_total",
    help: "Clients removed, by reason",
    labelNames: ["reason"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(broker.totals.removed)) this.inc({ reason }, count);
    },
  });
  histogram(registry, "tidings_replay_events", "Events replayed to a client that came back", broker.replays);
  new Counter({
    name: "tidings_refused_total",
    help: "Requests refused",
    labelNames: ["route", "status"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { route, status, count } of refusals.counts) this.inc({ route, status }, count);
    },
  });
  new Counter({
    name: "tidings_busy_total",
    help: "Readers of streams that were asked to come back later",
    labelNames: ["reason"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of refusals.busy.counts) this.inc({ reason }, count);
    },
  });
  gauge("tidings_store_events", "Events held", () => store.count);
  gauge("tidings_store_bytes", "What the events held cost", () => store.bytes);
  gauge("tidings_store_failing", "Whether the store failed when it was last written to", () =>
    Number(log.failing),
  );
  counter("tidings_store_failures_total", "Writes that the store failed", () => log.failures);
  histogram(registry, "tidings_store_append_seconds", "Time to keep a turn's events", log.appendTimes);
  return registry;
}

/** A histogram whose numbers are kept elsewhere. */
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
