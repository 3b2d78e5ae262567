import { Elysia } from "elysia";
import type { Hub } from "../http/hub.ts";
import type { Incoming } from "../http/request/address.ts";
import { metadataOf, metadataUrl, withMetadata } from "./metadata.ts";
import { MERCURE_PATH } from "./path.ts";
import { publishUpdate } from "./publishing.ts";
import { Subscribers } from "./subscribers.ts";
import { subscribe } from "./subscribing.ts";
import { SUBSCRIPTIONS } from "./subscription.ts";
import { listSubscriptions } from "./subscription-api.ts";

/** The interface's description is of the hub's own interface: this one has a specification. */
const hidden = { parse: "none", detail: { hide: true } } as const;

/**
 * The Mercure protocol: https://mercure.rocks/spec. Version 1 (draft 08) and the dialect before it (draft 07)
 * are told apart by the query.
 */
export function mercureRoutes(hub: Hub) {
  const { url, isPublic } = hub.mercure;
  const metadata = isPublic ? metadataUrl(url) : undefined;
  const hubPath = new URL(url).pathname;
  const subscribers = new Subscribers(hub, hubPath);
  const listing = (request: Request) =>
    withMetadata(metadata, () => listSubscriptions(hub, request, hubPath, subscribers.active));
  const subscribing = ({ request, server }: Incoming) =>
    withMetadata(metadata, () => subscribe(hub, subscribers, { request, server }));
  const publishing = ({ request, server }: Incoming) =>
    withMetadata(metadata, () => publishUpdate(hub, { request, server }));
  const routes = new Elysia()
    .get(MERCURE_PATH, ({ request, server }) => subscribing({ request, server }), hidden)
    .route("QUERY", MERCURE_PATH, ({ request, server }) => subscribing({ request, server }), {
      config: {},
      ...hidden,
    })
    .get(`${MERCURE_PATH}${SUBSCRIPTIONS}`, ({ request }) => listing(request), hidden)
    .get(`${MERCURE_PATH}${SUBSCRIPTIONS}/*`, ({ request }) => listing(request), hidden)
    .post(MERCURE_PATH, ({ request, server }) => publishing({ request, server }), hidden);
  return metadata ? routes.get(metadata.pathname, () => metadataOf(hub.mercure), hidden) : routes;
}
