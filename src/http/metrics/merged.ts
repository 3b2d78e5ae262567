import { AggregatorRegistry, Gauge, type Registry } from "prom-client";
import type { Answers } from "../../nodes/nodes.ts";
import type { Figures } from "./figures.ts";

/** What is shown of each worker by itself, and the metrics of a process that it is the sum of. */
const OF_WORKERS = [
  ["tidings_worker_clients", "Open event streams of a worker", "tidings_clients"],
  ["tidings_worker_cpu_seconds", "Processor time of a worker, in all", "process_cpu_seconds_total"],
  ["tidings_worker_memory_bytes", "Resident memory of a worker", "process_resident_memory_bytes"],
] as const;

/** The metrics of a hub: those of its one node, or the sums of all and some of each. */
export async function metricsText({ answers, silent }: Answers<Figures>, own: Registry): Promise<string> {
  if (answers.length === 1 && silent.length === 0) return own.metrics();
  const sums = AggregatorRegistry.aggregate(answers.map(({ answer }) => answer));
  const up = new Gauge({
    name: "tidings_worker_up",
    help: "Whether a worker answers",
    labelNames: ["worker"],
    registers: [sums],
  });
  for (const { node = "" } of answers) up.set({ worker: node }, 1);
  for (const worker of silent) up.set({ worker }, 0);
  for (const [name, help, source] of OF_WORKERS) {
    const gauge = new Gauge({ name, help, labelNames: ["worker"], registers: [sums] });
    for (const { node = "", answer } of answers) {
      const figure = answer.find((one) => one.name === source);
      gauge.set({ worker: node }, figure?.values.reduce((sum, { value }) => sum + value, 0) ?? 0);
    }
  }
  return sums.metrics();
}
