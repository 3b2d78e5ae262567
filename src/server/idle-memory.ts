import type { Broker } from "../broker/broker.ts";

/** How often it is looked whether the clients have left, in ms. */
const CHECK_INTERVAL_MS = 1000;
/** As long as fewer have come and gone, there is nothing worth collecting. */
const MIN_CLIENTS = 100;

/**
 * Gives back to the system what many clients took, when the last of them has left and nobody is
 * held up by it: the runtime's collector alone sees no need to, since the hub allocates little.
 *
 * @returns a function that stops it.
 */
export function freeMemoryWhenIdle(broker: Broker): () => void {
  let { connected } = broker.totals;
  let passes = 0;
  const timer = setInterval(() => {
    if (broker.clientCount > 0) return;
    if (broker.totals.connected - connected >= MIN_CLIENTS) {
      ({ connected } = broker.totals);
      // What the first pass finds to be garbage, native objects above all, is only freed by the next.
      passes = 2;
    }
    if (passes === 0) return;
    passes--;
    Bun.gc(true);
  }, CHECK_INTERVAL_MS);
  // A hub that is stopping does not wait for it.
  timer.unref();
  return () => clearInterval(timer);
}
