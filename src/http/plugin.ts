import { Elysia } from "elysia";
import { Tickets } from "../auth/tickets.ts";
import type { Broker } from "../broker/broker.ts";
import { Catalog } from "../events/catalog.ts";
import { type Access, openAccess } from "./access.ts";
import { addressFinder } from "./address.ts";
import { catalogRoutes } from "./catalog.ts";
import { clientRoutes } from "./clients.ts";
import { handleSSE } from "./events.ts";
import { historyRoutes } from "./history.ts";
import type { Hub } from "./hub.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { metricsRoutes } from "./metrics.ts";
import { withOwnAnswers } from "./own-answers.ts";
import { listParameter, parameter } from "./parameter.ts";
import { problemResponses } from "./problem-responses.ts";
import { publishRoutes } from "./publish.ts";
import { publishStreamRoutes } from "./publish-stream.ts";
import { RateLimit } from "./rate-limit.ts";
import { Refusals } from "./refusals.ts";
import { statusRoutes } from "./status.ts";
import { ticketAccess, ticketRoutes } from "./tickets.ts";

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
  refusals,
}: Omit<TidingsOptions, "prefix"> & { readonly refusals: Refusals }) {
  const limits = { ...DEFAULT_LIMITS, ...givenLimits };
  const publishRate = limits.publishRate > 0 ? new RateLimit(limits.publishRate) : undefined;
  const addressOf = addressFinder(trustProxy);
  const tickets = new Tickets();
  const hub: Hub = { broker, catalog, strict, access, tickets, addressOf, limits, publishRate, refusals };
  // Without a name: Elysia takes plugins of one name for the same, and a process may have two hubs.
  return new Elysia()
    .get(
      "/events",
      handleSSE(broker, { access: ticketAccess(tickets, access), addressOf, limits, refusals }),
      {
        detail: {
          tags: ["subscribe"],
          summary: "The event stream",
          description: "Server-Sent Events, for an EventSource.",
          parameters: [
            listParameter("topic", "An exact name, a prefix that ends in *, or *. None: every event."),
            parameter("ticket", "Stands for a token; from `POST /tickets`."),
            listParameter("type", "Only events of this type."),
            parameter(
              "last_event_id",
              "Begin after this event, or with `earliest` at the oldest that is held.",
            ),
            {
              in: "header" as const,
              name: "Last-Event-ID",
              description: "The same, from a browser that reconnects; it wins.",
              schema: { type: "string" as const },
            },
          ],
          responses: {
            200: {
              description: "The stream, until the client leaves",
              content: { "text/event-stream": { schema: { type: "string" } } },
            },
            ...problemResponses(400, 401, 403, 429, 503),
          },
        },
      },
    )
    .use(ticketRoutes(hub))
    .use(publishRoutes(hub))
    .use(publishStreamRoutes(hub))
    .use(historyRoutes(hub))
    .use(catalogRoutes(hub))
    .use(statusRoutes(hub))
    .use(clientRoutes(hub))
    .use(metricsRoutes(hub));
}
