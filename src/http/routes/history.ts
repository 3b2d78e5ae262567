import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { endOf as endOfGrant, type Grant } from "../../auth/grant.ts";
import { HistoryPage } from "../../broker/history.ts";
import { type Interest, mayKnow } from "../../broker/interest.ts";
import { type EventSink, writeTo } from "../../broker/sink.ts";
import { EARLIEST } from "../../events/names.ts";
import { jsonOf } from "../../log/data-text.ts";
import type { Entry } from "../../log/entry.ts";
import { StoreFailure } from "../../log/store.ts";
import { DEFAULT_TYPE } from "../../protocol/frame.ts";
import { parseDuration } from "../../timers.ts";
import { covers } from "../../topics/topic-patterns.ts";
import { requireAdmin } from "../access/access.ts";
import { invalidToken } from "../answer/challenge.ts";
import { draining, Problem, problemOf } from "../answer/problem.ts";
import type { Refused } from "../answer/refusals.ts";
import type { Hub } from "../hub.ts";
import { json, operation, pathParameter } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";
import { listParameter, textParameter } from "../request/query.ts";
import { readInterest, subscriptionParameters } from "../request/subscription-query.ts";
import { directStream } from "../stream/direct-stream.ts";
import { nextEvent } from "../stream/next-event.ts";

const MAX_LIMIT = 1000;
/** The longest wait for an event, in ms: most proxies have a minute's patience. */
const MAX_WAIT_MS = 60_000;
/** By so much the runtime's patience exceeds the wait, in seconds. */
const SPARE_SECONDS = 10;

const HistoryQuery = Type.Object({
  ...subscriptionParameters,
  after: textParameter("Begin after this event, or at this `next` of another page.", "earliest"),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: MAX_LIMIT, description: "How many at most." }),
  ),
  wait: Type.Optional(
    Type.String({
      description:
        "Wait for an event so long, 60s at most, when there is none yet. The request counts as a client.",
      // For readers of the schema: the refusal below is plainer.
      allOf: [{ pattern: "^(0|[0-9]{1,4}ms|([1-5]?[0-9]|60)s|1m)$" }],
      examples: ["30s"],
    }),
  ),
});

/** An event as it is kept. */
export const StoredEvent = Type.Object({
  id: Type.String(),
  type: Type.String(),
  data: Type.Unknown(),
  topics: Type.Array(Type.String(), { description: "Those that this reader could subscribe to" }),
  time: Type.String({ format: "date-time", description: "When it was kept" }),
  retry: Type.Optional(Type.Integer()),
  private: Type.Optional(Type.Literal(true)),
});

const History = Type.Object({
  events: Type.Array(StoredEvent),
  next: Type.String({ description: "Pass it as `after` to read on, now or later" }),
  more: Type.Boolean({ description: "Whether there is more after it by now" }),
  missing: Type.Optional(
    Type.Object(
      { after: Type.String(), until: Type.String() },
      { description: "Events between these places were to be on this page, and can't be read any more" },
    ),
  ),
});

const EXAMPLE: Static<typeof History> = {
  events: [
    {
      id: "order-7-shipped",
      type: "order-shipped",
      data: { order: 7 },
      topics: ["orders/7"],
      time: "2026-01-31T09:30:00.000Z",
    },
  ],
  next: "bcdfghjkmnpq-12",
  more: false,
};

const EraseQuery = Type.Object({
  topic: listParameter("Of several events with this id, the one on this topic.", "orders/7"),
});

const encoder = new TextEncoder();

/** `GET /history`: what is still held; `DELETE /history/:id`: an event's data, for administrators. */
export function historyRoutes(hub: Hub) {
  const { access, limits, refusals, broker, admission, addressOf } = hub;
  const { log } = broker;
  const routes = new Elysia().get(
    "/history",
    async ({ request, server, route, query }) => {
      const grant = await access(request);
      const interest = readInterest(query, grant, limits.maxTopics);
      const { limit = MAX_LIMIT } = query;
      const wait = waitOf(query.wait);
      // A page without events would say that there are none.
      log.assertStarted();
      const after = await positionOf(query.after, interest);
      const options = { after, limit, toText: (entry: Entry) => eventText(entry, grant) };
      let page = new HistoryPage(log, interest, options);
      // While its status can still be told.
      let first = await page.next();
      if (wait > 0 && request.method === "GET") {
        server?.timeout(request, Math.ceil(wait / 1000) + SPARE_SECONDS);
        const about = {
          address: addressOf({ request, server }),
          subject: grant.subject,
          credential: grant.credential,
        };
        for (const end = endOfWait(wait, grant.expires); first === undefined && !page.missing; ) {
          // A busy hub may come here when the grant has ended.
          assertGranted(grant);
          const time = end - performance.now();
          if (time <= 0 || request.signal.aborted) break;
          // Nothing is awaited between this and the wait, so no event can come between them.
          if (!page.more) {
            if (broker.draining) throw draining();
            await nextEvent(broker, admission, { interest, about, signal: request.signal, time });
            assertGranted(grant);
            if (broker.draining) break;
          }
          page = new HistoryPage(log, interest, { ...options, after: page.position });
          first = await page.next();
        }
      }
      const stream = directStream(request, (sink) => void send(page, first, sink, { request, route }));
      // It may be for this reader alone.
      const headers = { "content-type": "application/json", "cache-control": "no-store" };
      return new Response(stream, { headers });
    },
    {
      query: HistoryQuery,
      detail: operation({
        tag: "subscribe",
        audience: "reader",
        summary: "Stored events, oldest first",
        description:
          "Those that are still held. What `after` names must be: an id that is not is a 404, as is one of an event that " +
          "this reader may not read, and to go on without it may leave events out.\n\n" +
          "With `wait`, a page without events is answered when there is one, or the time is over: for readers that can't " +
          "read a stream.",
        answers: {
          200: {
            description: "A page of them",
            headers: { "Cache-Control": NOT_STORED },
            content: json("History", History, { "a page": EXAMPLE }),
            links: {
              "next page": {
                operationId: "getHistory",
                parameters: { after: "$response.body#/next" },
                description: "The events after this page",
              },
            },
          },
        },
        problems: [404, 429],
      }),
    },
  );

  return routes.delete(
    "/history/:id",
    async ({ request, params, query }): Promise<Response> => {
      await requireAdmin(hub, request);
      if (!log.store.erase) throw new Problem(501, "this hub's store can't erase events");
      const { topic: topics } = query;
      const position = await log.locate(
        params.id,
        // An id may stand on several topics: asked for again, it is the next one that still has its data.
        ({ topics: on, erased }) => !erased && (!topics || on.some((topic) => topics.includes(topic))),
      );
      // The history may hold it no more, and yet it is a current value.
      const isMeant = ({ topics: on }: Entry) => !topics || on.some((topic) => topics.includes(topic));
      const found = position ?? log.store.current?.locate(params.id, isMeant);
      if (found === undefined || !(await log.erase(found))) {
        throw new Problem(404, `no event with the id ${JSON.stringify(params.id)} is held`);
      }
      return new Response(null, { status: 204 });
    },
    {
      query: EraseQuery,
      detail: operation({
        tag: "operations",
        audience: "administrator",
        summary: "Erase an event's data",
        description:
          "From the log, the current values and the backups to come; its place stays. Readers keep what they were sent.",
        parameters: [pathParameter("id", "The event's id", "order-7-shipped")],
        answers: { 204: { description: "It is erased" } },
        problems: [404, 501],
      }),
    },
  );

  async function positionOf(cursor: string | undefined, interest: Interest): Promise<number> {
    const earliest = (log.earliest ?? log.head + 1) - 1;
    if (!cursor || cursor === EARLIEST) return earliest;
    const found = await log.locate(cursor, mayKnow(interest));
    if (found === undefined) throw new Problem(404, `no event with the id ${JSON.stringify(cursor)} is held`);
    return found;
  }

  /** Writes the page as fast as it is read, so that pages that nobody reads take no memory. */
  async function send(page: HistoryPage, first: string | undefined, sink: EventSink, refused: Refused) {
    try {
      let text: string | undefined = `{"events":[${first ?? ""}`;
      while (text !== undefined) {
        const room = writeTo(sink, encoder.encode(text));
        if (room) {
          page.forget();
          await room;
        }
        text = await page.next();
      }
      sink.enqueue(encoder.encode(`],${JSON.stringify(endOf(page)).slice(1)}`));
      sink.close();
    } catch (error) {
      // Half of a page is no JSON, so nobody takes it for the whole.
      if (error instanceof StoreFailure) refusals.note(problemOf(error), refused);
      sink.abort?.();
    }
  }

  function endOf({ position, more, missing }: HistoryPage): Omit<Static<typeof History>, "events"> {
    const next = log.place(position);
    if (!missing) return { next, more };
    return { next, more, missing: { after: log.place(missing.from - 1), until: log.place(missing.to) } };
  }
}

/** @throws Problem 401 when the grant has ended */
function assertGranted(grant: Grant): void {
  const over = endOfGrant(grant);
  if (over !== undefined) throw invalidToken(over);
}

/** On the clock of `performance.now()`. A grant that ends first ends the wait. */
function endOfWait(wait: number, expires = Number.POSITIVE_INFINITY): number {
  // By the other clock it may have a part of a millisecond left.
  return performance.now() + Math.min(wait, expires - Date.now() + 1);
}

/** In milliseconds. @throws Problem 400 */
function waitOf(text: string | undefined): number {
  const wait = text === undefined ? 0 : parseDuration(text);
  if (wait !== undefined && wait <= MAX_WAIT_MS) return wait;
  throw new Problem(400, "wait: Expected a duration such as 30s, 60s at most");
}

/** A {@link StoredEvent} as JSON text, for a reader with this grant. */
export function eventText(entry: Entry, grant: Grant) {
  const { id, type = DEFAULT_TYPE, topics, keptAt, retry, private: hidden } = entry;
  // A topic may be nobody's to know but its subscribers'.
  const known = topics.filter((topic) => covers(grant.subscribe, topic));
  const head = JSON.stringify({ id, type }).slice(0, -1);
  const rest = JSON.stringify({
    topics: known,
    time: new Date(keptAt).toISOString(),
    retry,
    private: hidden || undefined,
  }).slice(1);
  // The data is JSON text already.
  return `${head},"data":${jsonOf(entry)},${rest}`;
}
