import type { Grant } from "../auth/grant.ts";
import type { Client } from "../broker/client.ts";
import type { Hub } from "../http/hub.ts";
import { shownPattern } from "../topics/matcher.ts";
import { matches } from "../topics/topic-patterns.ts";
import { ActiveSubscriptions } from "./active.ts";
import type { Wanted } from "./matchers.ts";
import type { Subscription } from "./subscription.ts";
import { SubscriptionEvents } from "./subscription-events.ts";

/** The connections of this protocol at this node, and the subscriptions that each has. */
export class Subscribers {
  readonly active: ActiveSubscriptions;
  readonly #hub: Hub;
  readonly #events: SubscriptionEvents;
  readonly #subscriptions = new Map<Client, readonly Subscription[]>();

  constructor(hub: Hub, hubPath: string) {
    this.#hub = hub;
    this.#events = new SubscriptionEvents(hub.broker, hubPath);
    this.active = new ActiveSubscriptions(hub.nodes, (subscription, active) =>
      this.#events.tell(subscription, active),
    );
    hub.broker.watchClients((client, difference) => {
      if (difference < 0) this.#close(client);
    });
  }

  /** A connection has been opened, which is told of its own subscriptions too. */
  open(clientId: string, { matchers, old }: Wanted, grant: Grant, after: string | undefined): void {
    const client = this.#hub.broker.find(clientId);
    if (!client) return;
    const subscriber = `urn:uuid:${crypto.randomUUID()}`;
    const subscriptions = matchers.map(({ kind, match }): Subscription => {
      const payload = payloadOf(grant, match);
      return { subscriber, kind, match, ...(payload !== undefined && { payload }) };
    });
    this.#subscriptions.set(client, subscriptions);
    this.#events.watch(client, old ? "0" : "1", after);
    for (const subscription of subscriptions) this.active.begin(subscription);
  }

  #close(client: Client): void {
    this.#events.gone(client);
    const subscriptions = this.#subscriptions.get(client) ?? [];
    this.#subscriptions.delete(client);
    for (const subscription of subscriptions) this.active.end(subscription);
  }
}

/** The payload of the first detail that has the matcher, which is taken for a topic ("Payloads"). */
function payloadOf({ mercure }: Grant, match: string): string | undefined {
  const detail = mercure?.details.find(({ topics }) =>
    topics.some((topic) => shownPattern(topic) === match || matches([topic], match)),
  );
  return detail?.payload;
}
