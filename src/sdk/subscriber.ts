import type { BuiltinOnly, Catalog, EventName, ReceivedEvent } from "./catalog-types.ts";
import { route } from "./connection.ts";
import { receive } from "./receive.ts";
import type { SubscriptionOptions } from "./subscription.ts";

/** What a subscription is, with the types of a catalog. */
export interface SubscriberOptions<C extends Catalog> extends SubscriptionOptions {
  /** The event types to be sent. Default: all. */
  types?: readonly EventName<C>[] | undefined;
}

/** What to do with each type of event. */
export type Handlers<C extends Catalog> = {
  readonly [T in EventName<C>]?: (event: ReceivedEvent<C, T>) => void | Promise<void>;
};

/**
 * The events of a hub. Each iteration has a connection of its own, opened when it starts and closed
 * when it is left. It reconnects for as long as it takes, and goes on after the last event that it
 * gave out: none is lost while the hub holds it, and none comes twice.
 *
 * It ends quietly when the signal fires.
 *
 * The types are what the hub's catalog promises; the data is not checked again here. A hub that
 * isn't `--strict` may carry types outside the catalog too: name `types` to be sent only those.
 *
 * @throws TidingsError, while it is iterated, when the hub refuses (4xx, other than 408, 425 and 429) or
 * what answers is not a hub.
 */
export interface Subscriber<C extends Catalog> extends AsyncIterable<ReceivedEvent<C>, void, void> {
  /**
   * Calls a handler for each event, one at a time, and waits for it. The hub sends only the types
   * that have one, or those of the option `types`. Resolves when the signal fires; rejects as the
   * iteration throws, or as a handler does.
   */
  handle(handlers: Handlers<C>): Promise<void>;
}

/**
 * A subscriber to the hub at `url`; see createPublisher for the type argument.
 *
 * @example
 * ```ts
 * import { createSubscriber } from "tidings/sdk";
 * const url = "http://127.0.0.1:3000";
 * for await (const event of createSubscriber({ url, topics: ["orders/*"] })) console.log(event.data);
 * ```
 *
 * @throws TypeError if the URL is none.
 */
export function createSubscriber<C extends Catalog = BuiltinOnly>(
  options: SubscriberOptions<C>,
): Subscriber<C> {
  const url = route(options, "events");
  // That an event of this type has this data is the hub's promise, which it checked when the event
  // was published: hence the SDK's only casts, here and below.
  const events = (types = options.types) =>
    receive(url, { ...options, types }) as AsyncGenerator<ReceivedEvent<C>, void, void>;
  return {
    [Symbol.asyncIterator]: () => events(),
    async handle(handlers) {
      const byType: Readonly<Record<string, ((event: never) => void | Promise<void>) | undefined>> = handlers;
      const types = Object.keys(handlers) as EventName<C>[];
      for await (const event of events(options.types ?? types)) await byType[event.type]?.(event as never);
    },
  };
}
