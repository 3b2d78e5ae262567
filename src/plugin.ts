import { type AnyElysia, Elysia } from "elysia";
import { Tickets } from "./auth/tickets.ts";
import type { Broker } from "./broker/broker.ts";
import type { EventSchemas } from "./events/schema.ts";
import { type Access, publicAccess } from "./http/access/access.ts";
import { guard, ownPages } from "./http/access/guard.ts";
import { pluginRemedies, type Remedies } from "./http/access/remedies.ts";
import { type Enter, withOwnAnswers } from "./http/answer/answering.ts";
import { Refusals } from "./http/answer/refusals.ts";
import { DEFAULT_MERCURE_COOKIE, type Hub } from "./http/hub.ts";
import { Admission } from "./http/limits/admission.ts";
import { DEFAULT_LIMITS, type Limits } from "./http/limits/limits.ts";
import { RateLimit } from "./http/limits/rate-limit.ts";
import { type Publication, Publications } from "./http/publish/publications.ts";
import { addressFinder } from "./http/request/address.ts";
import { backupRoutes } from "./http/routes/backup.ts";
import { catalogRoutes } from "./http/routes/catalog.ts";
import { clientRoutes } from "./http/routes/clients.ts";
import { currentRoutes } from "./http/routes/current.ts";
import { eventRoutes } from "./http/routes/events.ts";
import { historyRoutes } from "./http/routes/history.ts";
import { metricsRoutes } from "./http/routes/metrics.ts";
import { publishRoutes } from "./http/routes/publish.ts";
import { publishStreamRoutes } from "./http/routes/publish-stream.ts";
import { publisherRoutes } from "./http/routes/publishers.ts";
import { statusRoutes } from "./http/routes/status.ts";
import { subscriptionRoutes } from "./http/routes/subscriptions.ts";
import { ticketRoutes } from "./http/routes/tickets.ts";
import { topicRoutes } from "./http/routes/topics.ts";
import { hubStatus, type StatusOf } from "./http/status/hub-status.ts";
import { type ConnectionHooks, Connections, withoutTypes } from "./http/stream/connections.ts";
import { streamOpener } from "./http/stream/open-stream.ts";
import { drainWithServer, takeOver } from "./http/stream/stopping.ts";
import { MERCURE_PATH } from "./mercure/path.ts";
import { mercureRoutes } from "./mercure/routes.ts";
import { type Nodes, SingleNode } from "./nodes/nodes.ts";
import { sharePresence } from "./nodes/presence.ts";

/** Options of a hub, in an application or in the executable. */
export interface HubOptions {
  /** The broker of the hub. */
  readonly broker: Broker;
  /**
   * Limits for publishers and readers.
   *
   * @defaultValue {@link DEFAULT_LIMITS}, for each member
   */
  readonly limits?: Partial<Limits>;
  /**
   * The proxies whose `X-Forwarded-For` is trusted: addresses, subnets such as `10.0.0.0/8`, or `unix`.
   *
   * @defaultValue none
   */
  readonly trustProxy?: readonly string[];
  /**
   * The folder for a copy of the store while it is sent to an administrator.
   *
   * @defaultValue the folder of the system for temporary files
   */
  readonly backupFolder?: string | undefined;
  /**
   * The URL of the hub for the Mercure protocol, which ends in its path. Relative topics and URL patterns are
   * relative to it.
   *
   * @defaultValue `https://localhost`, with the path of the route
   */
  readonly mercureUrl?: string | undefined;
  /**
   * The name of the cookie that clients of the Mercure protocol show their token in.
   *
   * @defaultValue `__Secure-mercure_access_token`
   */
  readonly mercureCookie?: string | undefined;
  /**
   * Whether tokens of the Mercure protocol before version 1 are taken: with the claim `mercure`, and in the
   * query.
   *
   * @defaultValue false
   */
  readonly mercureCompat?: boolean | undefined;
  /**
   * Called for every event that was taken from a publisher, for example for an audit log. It must not throw.
   *
   * @defaultValue none
   */
  readonly published?: (publication: Publication) => void;
}

/** Options of {@link tidings}. */
export interface TidingsOptions<
  Prefix extends string = string,
  Events extends EventSchemas = Record<never, never>,
> extends Omit<HubOptions, "broker">,
    ConnectionHooks<Events> {
  /** The broker of the hub. */
  readonly broker: Broker<Events>;
  /**
   * The beginning of the paths of all routes, such as `/hub`.
   *
   * @defaultValue none
   */
  readonly prefix?: Prefix;
  /**
   * The access policy: decides what the sender of a request may do. {@link keyAccess} makes one.
   *
   * @defaultValue everyone may read public events; publishing, clients, metrics and private events are for
   * the application itself, through its broker
   */
  readonly access?: Access;
  /**
   * The names of the hub in `Host`, besides localhost and addresses; `*` for any name. Other names are refused
   * with a 421, because a page can point its own name at this machine (DNS rebinding).
   *
   * @defaultValue none
   */
  readonly hosts?: readonly string[];
  /**
   * The origins whose pages may use the hub besides its own, such as `https://app.example.org`; `*` for all.
   * Other origins are refused with a 403. The application itself must set CORS headers, for example with
   * `@elysiajs/cors`, so that their pages can read the answers.
   *
   * @defaultValue none
   */
  readonly origins?: readonly string[];
}

/**
 * The routes of the hub as an Elysia plugin. `app.stop()` also drains the broker, so it ends open streams.
 *
 * @example
 * ```ts
 * import { Elysia } from "elysia";
 * import { Broker, tidings } from "tidings";
 * const broker = new Broker();
 * const app = new Elysia().use(tidings({ broker, prefix: "/live" })).listen(3000);
 * broker.broadcast({ type: "greeting", data: "hello" });
 * await app.stop();
 * ```
 */
export function tidings<
  const Prefix extends string = "",
  Events extends EventSchemas = Record<never, never>,
>({
  prefix = "" as Prefix,
  access,
  hosts = [],
  origins = [],
  broker: typedBroker,
  onConnect,
  onDisconnect,
  ...options
}: TidingsOptions<Prefix, Events>) {
  const nodes = new SingleNode();
  const remedies = pluginRemedies({ isClosed: access === undefined });
  const check = guard({ hosts, origins, remedies });
  const { broker, hooks } = withoutTypes(typedBroker, { onConnect, onDisconnect });
  takeOver(broker);
  return hubRoutes({
    ...options,
    ...hooks,
    broker,
    nodes,
    status: hubStatus(broker, nodes),
    prefix,
    access: access ?? publicAccess,
    remedies,
    refusals: new Refusals(broker.logger),
    isOwnPage: ownPages(hosts),
    enter({ request, server }) {
      check(request);
      if (server) drainWithServer(server, broker);
    },
  });
}

/** Options of the routes. The plugin and the executable set them differently. */
interface RouteOptions<Prefix extends string> extends HubOptions, ConnectionHooks {
  readonly nodes: Nodes;
  readonly status: StatusOf;
  readonly prefix: Prefix;
  readonly access: Access;
  readonly remedies: Remedies;
  /** Whether a request comes from a page of the hub itself, or from no page. */
  readonly isOwnPage: (request: Request) => boolean;
  /** Counts and logs refusals. */
  readonly refusals: Refusals;
  /** Checks every request first. An error that it throws becomes the answer. */
  readonly enter?: Enter;
  /** Routes that only the executable has. */
  readonly more?: (hub: Hub) => AnyElysia;
}

/** The hub's routes. */
export function hubRoutes<const Prefix extends string>({
  broker,
  nodes,
  status,
  prefix,
  access,
  remedies,
  limits: givenLimits,
  trustProxy = [],
  published,
  backupFolder,
  refusals,
  isOwnPage,
  enter,
  more,
  mercureUrl,
  mercureCookie = DEFAULT_MERCURE_COOKIE,
  mercureCompat = false,
  onConnect,
  onDisconnect,
}: RouteOptions<Prefix>) {
  const limits = { ...DEFAULT_LIMITS, ...givenLimits };
  const publishRate = publishRateOf(limits, nodes);
  const addressOf = addressFinder(trustProxy);
  const tickets = new Tickets(nodes.name);
  const admission = new Admission(limits, nodes);
  sharePresence(broker, nodes);
  const publications = new Publications(broker.catalog, published);
  const hub: Hub = {
    broker,
    nodes,
    status,
    access,
    remedies,
    isOwnPage,
    admission,
    tickets,
    addressOf,
    backupFolder,
    limits,
    publishRate,
    refusals,
    publications,
    openStream: streamOpener(broker, { admission, addressOf, limits }),
    connections: new Connections(broker, { onConnect, onDisconnect }),
    mercure: {
      url: mercureUrl ?? `https://localhost${prefix}${MERCURE_PATH}`,
      // The place of the metadata is before any prefix, which is not the plugin's.
      isPublic: mercureUrl !== undefined && prefix === "",
      compat: mercureCompat,
      cookie: mercureCookie,
    },
  };
  const mercure = withOwnAnswers(new Elysia({ prefix }).use(mercureRoutes(hub)), {
    refusals,
    enter,
    readsQuery: false,
  });
  const own = withOwnAnswers(new Elysia({ prefix }).use(routes(hub)), { refusals, enter });
  if (more) own.use(withOwnAnswers(new Elysia({ prefix }).use(more(hub)), { refusals, enter }));
  // Its routes are for clients of that protocol, which are not typed by them.
  return own.use(mercure as unknown as Elysia);
}

/** What a publisher sends to one node counts at all of them. */
function publishRateOf({ publishRate }: Limits, nodes: Nodes): RateLimit | undefined {
  if (publishRate === 0) return undefined;
  return new RateLimit(publishRate, { share: (charge) => nodes.spending("publishes", charge) });
}

// Apart from the prefix: the declared type of what is added to an application whose prefix is not
// known yet doubles with each addition.
function routes(hub: Hub) {
  // Without a name: Elysia takes plugins of one name for the same, and a process may have two hubs.
  return new Elysia()
    .use(eventRoutes(hub))
    .use(ticketRoutes(hub))
    .use(publishRoutes(hub))
    .use(publishStreamRoutes(hub))
    .use(historyRoutes(hub))
    .use(currentRoutes(hub))
    .use(topicRoutes(hub))
    .use(catalogRoutes(hub))
    .use(statusRoutes(hub))
    .use(clientRoutes(hub))
    .use(subscriptionRoutes(hub))
    .use(publisherRoutes(hub))
    .use(metricsRoutes(hub))
    .use(backupRoutes(hub));
}
