import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Broker } from "../../broker/broker.ts";
import { patternsOf } from "../../broker/interest.ts";
import type { EventSchemas } from "../../events/schema.ts";
import { type Access, publicAccess } from "../access/access.ts";
import { assertKnowsSubjects } from "../access/presence.ts";
import { answered } from "../answer/answering.ts";
import { Problem } from "../answer/problem.ts";
import { Refusals } from "../answer/refusals.ts";
import type { Hub } from "../hub.ts";
import { Admission } from "../limits/admission.ts";
import { DEFAULT_LIMITS, type Limits } from "../limits/limits.ts";
import { EVENT_STREAM } from "../openapi/event-stream.ts";
import { operation } from "../openapi/operation.ts";
import { addressFinder, type Incoming } from "../request/address.ts";
import { readLastEventId } from "../request/last-event-id.ts";
import { flagParameter, isSet, QueryReader, textParameter } from "../request/query.ts";
import { readInterest, subscriptionParameters } from "../request/subscription-query.ts";
import { type ConnectionHooks, Connections, withoutTypes } from "../stream/connections.ts";
import { streamOpener } from "../stream/open-stream.ts";
import { drainWithServer, takeOver } from "../stream/stopping.ts";
import { ticketAccess } from "./tickets.ts";

const EventsQuery = Type.Object({
  ...subscriptionParameters,
  last_event_id: textParameter(
    "Begin after this event, or with `earliest` at the oldest that is held.",
    "earliest",
    // What EventSource polyfills add when they reconnect.
    ["lastEventId", "lastEventID"],
  ),
  format: Type.Optional(
    Type.Union([Type.Literal("json"), Type.Literal("envelope"), Type.Literal("text")], {
      default: "json",
      description:
        "How `data` reads. `json`: as JSON text. `envelope`: as an object with `id`, `type`, `topics`, `time` and `data`. " +
        "`text`: a string as it is, other data as JSON text; what the hub itself says is no event there: a place is an " +
        "`id` line alone, a gap a comment.",
    }),
  ),
  keepalive: Type.Optional(
    Type.Literal("event", {
      description:
        "Be sent `tidings.alive` where others are sent a comment, which a page can't see: to watch the line.",
    }),
  ),
  presence: flagParameter(
    "Be told who reads the same topics, by the subjects of their tokens: `tidings.present`, then `tidings.joined` and " +
      "`tidings.left`. For tokens whose claim has `presence` for all of the topics, and for administrators.",
  ),
  ticket: textParameter("Stands for a token; from `POST /tickets`.", "nGk3xqkC8ZrPj1yQx0t7bA"),
});

type Query = Static<typeof EventsQuery>;

/** `GET /events`: the event stream. */
export function eventRoutes(hub: Hub) {
  const open = eventStreams({ ...hub, access: ticketAccess(hub) });
  return new Elysia().get("/events", open, {
    query: EventsQuery,
    detail: operation({
      tag: "subscribe",
      audience: "reader",
      summary: "The event stream",
      description:
        "Server-Sent Events, for an EventSource. The connection stays open until the client leaves.",
      parameters: [
        {
          in: "header",
          name: "Last-Event-ID",
          description: "The same as `last_event_id`, from a browser that reconnects; it wins.",
          schema: { type: "string", examples: ["order-7-shipped"] },
        },
      ],
      answers: {
        200: EVENT_STREAM,
        204: { description: "The topics have ended, and the client has all of them: it need not come back" },
      },
      problems: [429],
    }),
  });
}

/** Options of {@link handleSSE}. */
export interface StreamOptions<Events extends EventSchemas = Record<never, never>>
  extends ConnectionHooks<Events> {
  /**
   * The access policy: decides what the sender of a request may read.
   *
   * @defaultValue everyone may read public events
   */
  readonly access?: Access;
  /**
   * Limits for clients.
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
}

/**
 * An Elysia handler that answers each request with an event stream, like `GET /events`. It does not check
 * `Host` and `Origin`, unlike {@link tidings}.
 *
 * @example
 * ```ts
 * import { Elysia } from "elysia";
 * import { Broker, handleSSE } from "tidings";
 * const broker = new Broker();
 * new Elysia().get("/news", handleSSE(broker)).listen(3000);
 * ```
 */
export function handleSSE<Events extends EventSchemas>(
  broker: Broker<Events>,
  { access = publicAccess, limits, trustProxy = [], ...typedHooks }: StreamOptions<Events> = {},
): (context: Incoming & { readonly route?: string }) => Promise<Response> {
  const { broker: plain, hooks } = withoutTypes(broker, typedHooks);
  const refusals = new Refusals(broker.logger);
  const reader = new QueryReader(EventsQuery);
  const allLimits = { ...DEFAULT_LIMITS, ...limits };
  const admission = new Admission(allLimits);
  const parts = { admission, addressOf: addressFinder(trustProxy), limits: allLimits };
  const openStream = streamOpener(plain, parts);
  const connections = new Connections(plain, hooks);
  const open = eventStreams({ access, openStream, connections, limits: allLimits });
  takeOver(broker);
  return async ({ request, server, route = "" }) => {
    if (server) drainWithServer(server, broker);
    const answering = () => open({ request, server, query: reader.read(request) });
    return answered(answering, refusals, { request, route });
  };
}

function eventStreams({
  access,
  openStream,
  connections,
  limits: { maxTopics },
}: Pick<Hub, "access" | "openStream" | "connections" | "limits">): (
  context: Incoming & { readonly query: Query },
) => Promise<Response> {
  return async ({ request, server, query }) => {
    const given = await access(request);
    const lastEventId = readLastEventId(request) ?? (query.last_event_id || undefined);
    const { keepalive: keepAlive = "comment", format = "json" } = query;
    const presence = isSet(query.presence);
    if (presence && format === "text") {
      throw new Problem(400, "with format=text there is no presence: it has no hub events");
    }
    const asked = { grant: given, topics: query.topic ?? [], lastEventId, format };
    return connections.admit(request, asked, async ({ grant, topics, connection }) => {
      const interest = readInterest({ ...query, topic: [...topics] }, grant, maxTopics);
      if (presence) assertKnowsSubjects(grant, patternsOf(interest));
      return openStream(
        { request, server },
        { grant, interest, lastEventId, keepAlive, format, presence, connection },
      );
    });
  };
}
