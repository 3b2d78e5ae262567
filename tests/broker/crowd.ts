import type { Broker } from "../../src/broker/broker.ts";
import type { EventSink } from "../../src/broker/sink.ts";
import type { TestClock } from "../clock.ts";

const COLON = ":".charCodeAt(0);
/** How long a delivery to a crowd takes, in ms. */
const DELIVERY_MS = 5;

/**
 * Adds clients for whom a delivery takes so long that it pays to gather events for the next. With a
 * clock it is that alone which goes on: the next event gathers until the clock is set forward.
 */
export function addCrowd(broker: Broker, clock?: TestClock): void {
  const quick: EventSink = { enqueue() {}, close() {} };
  const slow: EventSink = {
    enqueue: (chunk) => {
      if (chunk[0] === COLON) return;
      if (clock) clock.advance(DELIVERY_MS);
      else Bun.sleepSync(DELIVERY_MS);
    },
    close() {},
  };
  for (let i = 0; i < 40; i++) broker.addClient(i === 0 ? slow : quick);
}
