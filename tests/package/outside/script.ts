// The SDK, on Node.
import type { HealthUpdate } from "tidings/events";
import { createPublisher, createSubscriber, TidingsError } from "tidings/sdk";
import type events from "./events.js";

const url = process.argv[2] ?? "";
const hub = createPublisher<typeof events>({ url });
const { id } = await hub.publish("order-created", { id: 1 });
try {
  // @ts-expect-error: a wrong payload
  await hub.publish("trace-update", { trace_id: "t" });
} catch (error) {
  if (error instanceof TidingsError) console.log(error.status);
}
// @ts-expect-error: a wrong type
export const wrong = () => hub.publish("order-creted", { id: 1 });
export const status = (health: HealthUpdate): string => health.overall_status;
for await (const event of createSubscriber<typeof events>({ url, lastEventId: "earliest" })) {
  if (event.type !== "order-created") continue;
  const order: number = event.data.id;
  console.log(event.id === id, order);
  break;
}
