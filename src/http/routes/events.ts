import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { endOf } from "../../auth/grant.ts";
import type { Broker } from "../../broker/broker.ts";
import type { ClientAbout } from "../../broker/client.ts";
import { type Nodes, SingleNode } from "../../nodes/nodes.ts";
import { type Access, publicAccess } from "../access/access.ts";
import { answered } from "../answer/answering.ts";
import { invalidToken } from "../answer/challenge.ts";
import { draining } from "../answer/problem.ts";
import { Refusals } from "../answer/refusals.ts";
import type { Hub } from "../hub.ts";
import { Admission } from "../limits/admission.ts";
import { DEFAULT_LIMITS, type Limits } from "../limits/limits.ts";
import { EVENT_STREAM } from "../openapi/event-stream.ts";
import { operation } from "../openapi/operation.ts";
import { type AddressOf, addressFinder, type Incoming } from "../request/address.ts";
import { QueryReader, textParameter } from "../request/query.ts";
import { readInterest, subscriptionParameters } from "../request/subscription-query.ts";
import { preferredCoding } from "../stream/accept-encoding.ts";
import { compressing, STREAM_CODINGS } from "../stream/compression.ts";
import { directStream } from "../stream/direct-stream.ts";
import { endOfStream, removeAt } from "../stream/expiry.ts";
import { drainWithServer, takeOver } from "../stream/stopping.ts";
import { STREAM_HEADERS } from "../stream/stream-headers.ts";
import { Withdrawals } from "../stream/withdrawal.ts";
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
  ticket: textParameter("Stands for a token; from `POST /tickets`.", "nGk3xqkC8ZrPj1yQx0t7bA"),
});

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type Query = Static<typeof EventsQuery>;

/** `GET /events`: the event stream. */
export function eventRoutes(hub: Hub) {
  const { broker, nodes, addressOf, limits } = hub;
  const open = eventStreams(broker, { access: ticketAccess(hub), nodes, addressOf, limits });
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
      answers: { 200: EVENT_STREAM },
      problems: [429],
    }),
  });
}

/** Options of {@link handleSSE}. */
export interface StreamOptions {
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
export function handleSSE(
  broker: Broker,
  { access = publicAccess, limits, trustProxy = [] }: StreamOptions = {},
): (context: Incoming & { readonly route?: string }) => Promise<Response> {
  const refusals = new Refusals(broker.logger);
  const reader = new QueryReader(EventsQuery);
  const open = eventStreams(broker, {
    access,
    nodes: new SingleNode(),
    addressOf: addressFinder(trustProxy),
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
  takeOver(broker);
  return async ({ request, server, route = "" }) => {
    if (server) drainWithServer(server, broker);
    const answering = () => open({ request, server, query: reader.read(request) });
    return answered(answering, refusals, { request, route });
  };
}

/** What opens streams. */
interface StreamParts {
  readonly nodes: Nodes;
  readonly access: Access;
  readonly addressOf: AddressOf;
  readonly limits: Limits;
}

function eventStreams(
  broker: Broker,
  { access, nodes, addressOf, limits }: StreamParts,
): (context: Incoming & { readonly query: Query }) => Promise<Response> {
  const admission = new Admission(limits, nodes);
  // One for all clients: a promise and a closure for each would take memory for as long as it stays.
  const withdrawals = new Withdrawals(broker);
  const removed = ({ address }: ClientAbout) => admission.leave(address);

  async function open({ request, server, query }: Incoming & { readonly query: Query }): Promise<Response> {
    const grant = await access(request);
    const interest = readInterest(query, grant, limits.maxTopics);
    const lastEventId = readLastEventId(request, query);
    const { keepalive: keepAlive = "comment", format = "json" } = query;
    if (broker.draining) throw draining();
    // A stream is opened when its head has gone out, which is too late for a refusal.
    broker.log.assertStarted();
    const address = addressOf({ request, server });
    admission.assert(address);
    // No stream comes of it, and its connection is to rest no longer than others. A body of unknown
    // length, which is never asked for, keeps the runtime from saying that the length is 0. Elysia does
    // ask for it where the path ends in a slash.
    if (request.method === "HEAD") {
      const body = directStream(request, (sink) => sink.close());
      return new Response(body, { headers: STREAM_HEADERS });
    }
    // The runtime would end a stream that has been quiet for some seconds.
    server?.timeout(request, 0);
    const { credential } = grant;
    const about = { address, subject: grant.subject, credential };
    const coding = preferredCoding(request.headers.get("accept-encoding"), STREAM_CODINGS);
    const stream = directStream(request, (plain) => {
      // Others may have taken it meanwhile.
      admission.assert(address);
      const sink = coding ? compressing(coding, plain) : plain;
      // The key may have been withdrawn since it was looked at.
      const over = endOf(grant);
      if (over !== undefined) throw invalidToken(over);
      const client = broker.addClient(sink, { interest, lastEventId, keepAlive, format, about, removed });
      admission.enter(address);
      if (credential) withdrawals.watch(credential.withdrawn);
      const end = endOfStream(grant.expires, limits.maxStreamAge);
      if (end !== undefined) removeAt(end, broker, client);
    });
    const headers = coding ? { ...STREAM_HEADERS, "content-encoding": coding } : STREAM_HEADERS;
    return new Response(stream, { headers });
  }

  return open;
}

/** The header is the browser's own word when it reconnects, so it wins over the URL it began with. */
function readLastEventId(request: Request, query: Query): string | undefined {
  const header = request.headers.get("last-event-id");
  return (header && idOf(header)) || query.last_event_id || undefined;
}

/**
 * The id that a header brings, whose bytes the Headers API shows as characters. Browsers send UTF-8, as
 * they should; some clients send Latin-1, which is hardly ever UTF-8 by chance.
 */
function idOf(header: string): string {
  try {
    return UTF8.decode(Buffer.from(header, "latin1"));
  } catch {
    return header;
  }
}
