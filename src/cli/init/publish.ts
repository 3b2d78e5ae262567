/**
 * Publishes an order every second until you stop it. With a misspelt type, or a `total` that is a string,
 * this file does not compile.
 */
import { createPublisher, TidingsError } from "tidings/sdk";
import type events from "./events.ts";

const hub = createPublisher<typeof events>({
  url: process.env["TIDINGS_URL"] ?? "http://127.0.0.1:3000",
  token: process.env["TIDINGS_TOKEN"],
});

try {
  for (let id = 1; ; id++) {
    const total = Math.round(Math.random() * 10_000) / 100;
    const { recipients } = await hub.publish("order-created", { id, total }, { topic: `orders/${id}` });
    console.log(`order ${id} published to ${recipients} clients`);
    if (id % 3 === 0) await hub.publish("order-shipped", { id, carrier: "bike" }, { topic: `orders/${id}` });
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
} catch (error) {
  // The hub has refused the event, or can't be reached.
  if (!(error instanceof TidingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
