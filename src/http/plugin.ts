import { Elysia } from "elysia";
import { Tickets } from "../auth/tickets.ts";
import type { Broker } from "../broker/broker.ts";
import { Catalog } from "../events/catalog.ts";
import { type Access, openAccess } from "./access/access.ts";
import { withOwnAnswers } from "./answer/answering.ts";
import { Refusals } from "./answer/refusals.ts";
import type { Hub } from "./hub.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits/limits.ts";
import { RateLimit } from "./limits/rate-limit.ts";
import { type Publication, Publications } from "./publish/publications.ts";
import { addressFinder } from "./request/address.ts";
import { catalogRoutes } from "./routes/catalog.ts";
import { clientRoutes } from "./routes/clients.ts";
import { eventRoutes } from "./routes/events.ts";
import { historyRoutes } from "./routes/history.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { publishRoutes } from "./routes/publish.ts";
import { publishStreamRoutes } from "./routes/publish-stream.ts";
import { statusRoutes } from "./routes/status.ts";
import { ticketRoutes } from "./routes/tickets.ts";

/** What a hub in an application of one's own is made of. */
export interface TidingsOptions<Prefix extends string = string> {
  readonly broker: Broker;
  /** What the routes' paths begin with, such as `/hub`; nothing by default. */
  readonly prefix?: Prefix;
  /** The event types to check by; the built-in ones by default. */
  readonly catalog?: Catalog;
  /** Refuse types that the catalog does not know. */
  readonly strict?: boolean;
  /** Says what the sender of a request may do; everyone may do everything by default. */
  readonly access?: Access;
  /** How much it takes from others; see {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  /** Whose `X-Forwarded-For` is believed: addresses, subnets such as `10.0.0.0/8`, or `unix`. */
  readonly trustProxy?: readonly string[];
  /** Is told of every event that was taken from a publisher, such as for an audit log. It must not throw. */
  readonly published?: (publication: Publication) => void;
  /** Where refusals are counted and logged. */
  readonly refusals?: Refusals;
}

/** The hub's routes as an Elysia plugin. */
export function tidings<const Prefix extends string = "">({
  prefix = "" as Prefix,
  refusals = new Refusals(),
  ...options
}: TidingsOptions<Prefix>) {
  return withOwnAnswers(new Elysia({ prefix }).use(hubRoutes({ ...options, refusals })), refusals);
}

function hubRoutes({
  broker,
  catalog = new Catalog(),
  strict = false,
  access = openAccess,
  limits: givenLimits,
  trustProxy = [],
  published,
  refusals,
}: Omit<TidingsOptions, "prefix"> & { readonly refusals: Refusals }) {
  const limits = { ...DEFAULT_LIMITS, ...givenLimits };
  const publishRate = limits.publishRate > 0 ? new RateLimit(limits.publishRate) : undefined;
  const addressOf = addressFinder(trustProxy);
  const tickets = new Tickets();
  const publications = new Publications(catalog, published);
  const hub: Hub = {
    broker,
    catalog,
    strict,
    access,
    tickets,
    addressOf,
    limits,
    publishRate,
    refusals,
    publications,
  };
  // Without a name: Elysia takes plugins of one name for the same, and a process may have two hubs.
  return new Elysia()
    .use(eventRoutes(hub))
    .use(ticketRoutes(hub))
    .use(publishRoutes(hub))
    .use(publishStreamRoutes(hub))
    .use(historyRoutes(hub))
    .use(catalogRoutes(hub))
    .use(statusRoutes(hub))
    .use(clientRoutes(hub))
    .use(metricsRoutes(hub));
}
