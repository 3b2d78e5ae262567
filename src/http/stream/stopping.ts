import type { Server } from "bun";
import type { Broker } from "../../broker/broker.ts";

type AnyBroker = Pick<Broker, "clients" | "removeClient" | "drain">;

/** The brokers whose streams each server has open. */
const brokersOf = new WeakMap<object, Set<AnyBroker>>();

/**
 * Drains the broker when the server is stopped. Without that, `server.stop()`, and so `app.stop()` of
 * Elysia, would wait for streams that never end: an application's `onStop` comes after it.
 */
export function drainWithServer(server: Pick<Server<unknown>, "stop">, broker: AnyBroker): void {
  const known = brokersOf.get(server);
  if (known) {
    known.add(broker);
    return;
  }
  const brokers = new Set([broker]);
  brokersOf.set(server, brokers);
  const stop = server.stop;
  server.stop = async (closeActiveConnections) => {
    // The streams' ends are on their way before it waits for them.
    for (const each of brokers) void each.drain(0);
    await stop.call(server, closeActiveConnections);
  };
}

/** Where the brokers of this program are found again when it is evaluated once more. */
const KEY = Symbol.for(`tidings.brokers ${import.meta.url}`);
const slot: { [KEY]?: Generation } = globalThis as object;

/** The brokers of one evaluation of this module, in so far as they are still in use. */
interface Generation {
  readonly brokers: Set<WeakRef<AnyBroker>>;
}

const current: Generation = { brokers: new Set() };

/**
 * Ends the streams of the brokers that an earlier evaluation of this program had, unless they are
 * used again: `bun --hot` evaluates every module anew, but leaves connections open. Their readers
 * would be heard by nobody; so they come back, to the new broker.
 */
export function takeOver(broker: AnyBroker): void {
  const earlier = slot[KEY];
  current.brokers.add(new WeakRef(broker));
  if (earlier === current) return;
  slot[KEY] = current;
  if (!earlier) return;
  // The other brokers of this evaluation are made by then.
  setImmediate(() => {
    const used = new Set([...current.brokers].map((reference) => reference.deref()));
    for (const reference of earlier.brokers) {
      const old = reference.deref();
      if (!old || used.has(old)) continue;
      for (const { id } of old.clients) old.removeClient(id);
    }
  });
}
