import type { Broker } from "../../broker/broker.ts";
import { Histogram } from "../../log/histogram.ts";

/** Bounds of the histogram of delivery times, in seconds. */
const DELIVERY_TIMES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Measures deliveries from now on. */
export function measureDeliveries(broker: Broker): Histogram {
  const times = new Histogram(DELIVERY_TIMES);
  broker.observe((_, milliseconds) => times.add(milliseconds / 1000));
  return times;
}
