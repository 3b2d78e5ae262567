import type { Broker } from "../../src/broker/broker.ts";
import type { EventSink } from "../../src/broker/sink.ts";

const COLON = ":".charCodeAt(0);

/** Adds clients for whom a delivery takes so long that it pays to gather events for the next. */
export function addCrowd(broker: Broker): void {
  const quick: EventSink = { enqueue() {}, close() {} };
  const slow: EventSink = {
    enqueue: (chunk) => {
      if (chunk[0] !== COLON) Bun.sleepSync(5);
    },
    close() {},
  };
  for (let i = 0; i < 40; i++) broker.addClient(i === 0 ? slow : quick);
}
