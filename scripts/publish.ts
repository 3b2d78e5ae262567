/**
 * Publishes how this machine is, every few seconds, as the built-in event types: an example of a
 * typed publisher, and what the console's dashboard shows in the README.
 *
 *   scripts/publish [--url URL] [--token TOKEN] [--every SECONDS]
 */
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { createPublisher, TidingsError } from "tidings/sdk";
import { type Check, readMachine } from "./machine.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: process.env["TIDINGS_URL"] ?? "http://127.0.0.1:3000" },
    token: { type: "string", default: process.env["TIDINGS_TOKEN"] ?? "" },
    every: { type: "string", default: "2" },
  },
});
const pause = Number(values.every) * 1000;
if (!(pause > 0)) {
  console.error(`--every is a number of seconds, not ${JSON.stringify(values.every)}`);
  process.exit(2);
}

const host = hostname();
const topic = `machines/${host}`;
const hub = createPublisher({ url: values.url, token: values.token || undefined });
const counters = { rounds: 0, published: 0, changes: 0 };
/** Which checks were healthy in the round before. */
const before = new Map<Check["name"], boolean>();
/** Whether the hub keeps current values, which fill a dashboard that opens later. */
let keepsCurrent = true;

/** One round: read, then publish what was read, and what has changed since the last one. */
async function round(): Promise<void> {
  counters.rounds++;
  const trace = crypto.randomUUID();
  let spans = 0;
  /** A step of the round, which its trace counts. */
  const step = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    spans++;
    return result;
  };
  const publish: typeof hub.publish = async (type, data, options) => {
    const published = await step(hub.publish(type, data, { topic, ...options }));
    counters.published++;
    return published;
  };
  const publishCurrent: typeof hub.publish = async (type, data, options) => {
    if (keepsCurrent) {
      try {
        return await publish(type, data, { ...options, retain: true });
      } catch (error) {
        if (!(error instanceof TidingsError && error.status === 501)) throw error;
        keepsCurrent = false;
      }
    }
    return publish(type, data, options);
  };

  const { checks, gauges } = await step(readMachine());
  const timestamp = new Date().toISOString();
  const healthy = checks.filter((check) => check.healthy);
  const kinds = {
    counters: Object.keys(counters).length,
    gauges: Object.keys(gauges).length,
    histograms: 0,
  };
  const total_metrics = kinds.counters + kinds.gauges + kinds.histograms;

  await publishCurrent("metrics-update", { total_metrics, ...kinds, timestamp });
  await publishCurrent("health-update", {
    overall_status: healthy.length === checks.length ? "healthy" : "degraded",
    healthy_count: healthy.length,
    total_services: checks.length,
    total_metrics,
    timestamp,
  });
  for (const { name, used, text } of checks) {
    const data = { percent: Math.round(used * 1000) / 10, text };
    const widget = { id: name, title: `${name} of ${host}`, data };
    // A topic has one current value of a type, and each widget is to have its own.
    await publishCurrent("widget-refresh", widget, { topic: `${topic}/${name}` });
  }
  const changed = checks.filter((check) => before.get(check.name) !== check.healthy);
  for (const check of changed) {
    before.set(check.name, check.healthy);
    counters.changes++;
    await publish("notification", {
      id: crypto.randomUUID(),
      source: host,
      message: `${check.name} is ${check.healthy ? "well" : "high"}: ${check.text}`,
      severity: check.healthy ? "info" : "warning",
      time: Date.now() / 1000,
    });
  }
  if (changed.length > 0) {
    const ill = checks.length - healthy.length;
    await publish("nav-badge-update", { path: `/${topic}`, badge: ill > 0 ? String(ill) : "" });
  }
  await publish("trace-update", { trace_id: trace, span_count: spans });
  console.log(`${timestamp}  ${checks.map(({ name, text }) => `${name} ${text}`).join(", ")}`);
}

try {
  for (;;) {
    await round();
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
} catch (error) {
  if (!(error instanceof TidingsError)) throw error;
  console.error(error.message);
  process.exit(1);
}
