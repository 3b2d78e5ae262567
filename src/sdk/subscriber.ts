import type { BuiltinOnly, Catalog, EventName, ReceivedEvent } from "./catalog-types.ts";
import { route } from "./connection.ts";
import { readCurrent } from "./current.ts";
import { receive } from "./receive.ts";
import type { SubscriptionOptions } from "./subscription.ts";

/** Options of {@link createSubscriber}, with the event types of a catalog. */
export interface SubscriberOptions<C extends Catalog> extends SubscriptionOptions {
  /**
   * The event types to subscribe to.
   *
   * @defaultValue every type
   */
  types?: readonly EventName<C>[] | undefined;
}

/** A handler for each event type. */
export type Handlers<C extends Catalog> = {
  readonly [T in EventName<C>]?: (event: ReceivedEvent<C, T>) => void | Promise<void>;
};

/**
 * The events of a hub, to iterate. Each iteration has its own connection, which closes when the iteration
 * ends. It reconnects as often as needed, and continues after the last event that it yielded. So no event is
 * lost while the hub holds it, and no event comes twice.
 *
 * The iteration ends without an error when the signal aborts, or when all of its topics have ended, named without
 * `*`.
 *
 * The hub has checked the data by its catalog, so it is not checked again here. A hub that is not `--strict`
 * may also send types outside the catalog: name `types` to exclude them.
 *
 * @throws TidingsError, from the iteration, when the hub refuses (4xx, other than 408, 425 and 429), or when
 * the answer is not from a hub
 */
export interface Subscriber<C extends Catalog> extends AsyncIterable<ReceivedEvent<C>, void, void> {
  /**
   * Calls a handler for each event, one at a time, and waits for it. The hub sends only the types of the option
   * `types`, or else those that have a handler. The promise resolves when the signal aborts. It rejects with
   * the error of the iteration or of a handler.
   */
  handle(handlers: Handlers<C>): Promise<void>;
  /**
   * The current values of the topics and types at this moment, oldest first: the newest event of each type and
   * topic that was published with `retain`. An iteration without a `lastEventId` begins with the same.
   *
   * @throws TidingsError when the hub refuses, or can't be reached
   */
  current(): Promise<readonly ReceivedEvent<C>[]>;
}

/**
 * Makes a subscriber for the hub at `url`. The type argument is that of {@link createPublisher}.
 *
 * @example
 * ```ts
 * import { createSubscriber } from "tidings/sdk";
 * const url = "http://127.0.0.1:3000";
 * for await (const event of createSubscriber({ url, topics: ["orders/*"] })) console.log(event.data);
 * ```
 *
 * @throws TypeError when `url` is not a URL
 */
export function createSubscriber<C extends Catalog = BuiltinOnly>(
  options: SubscriberOptions<C>,
): Subscriber<C> {
  const url = route(options, "events");
  const currentUrl = route(options, "current");
  // That an event of this type has this data is the hub's promise, which it checked when the event
  // was published: hence the SDK's only casts, here and below.
  const events = (types = options.types) =>
    receive(url, { ...options, types }) as AsyncGenerator<ReceivedEvent<C>, void, void>;
  return {
    [Symbol.asyncIterator]: () => events(),
    current: () => readCurrent(currentUrl, options) as Promise<readonly ReceivedEvent<C>[]>,
    async handle(handlers) {
      const byType: Readonly<Record<string, ((event: never) => void | Promise<void>) | undefined>> = handlers;
      const types = Object.keys(handlers) as EventName<C>[];
      for await (const event of events(options.types ?? types)) await byType[event.type]?.(event as never);
    },
  };
}
