import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { mayPublish } from "../../auth/grant.ts";
import { Filter, mayRead, toPrivateTopics } from "../../broker/interest.ts";
import { type EventSink, writeTo } from "../../broker/sink.ts";
import { turn } from "../../timers.ts";
import { forbidden } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json, operation } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";
import { assertPublisher, currentValues } from "../publish/publishing.ts";
import { textParameter } from "../request/query.ts";
import { readInterest, subscriptionParameters } from "../request/subscription-query.ts";
import { directStream } from "../stream/direct-stream.ts";
import { eventText, StoredEvent } from "./history.ts";

/** The values of so many events are written at once. */
const VALUES_LIMIT = 64;

const Current = Type.Object({
  values: Type.Array(StoredEvent, { description: "Oldest first" }),
  at: Type.String({
    description: "The place of which they are: pass it as `last_event_id` to go on from there",
  }),
});

const EXAMPLE: Static<typeof Current> = {
  values: [
    {
      id: "bcdfghjkmnpq-11",
      type: "nav-badge-update",
      data: { path: "/inbox", badge: "3" },
      topics: ["inbox"],
      time: "2026-01-31T09:30:00.000Z",
    },
  ],
  at: "bcdfghjkmnpq-12",
};

const ClearQuery = Type.Object({
  topic: textParameter("The topic of the value; without it, the value of the type on no topic.", "inbox"),
  type: Type.String({ description: "The type of the value.", examples: ["nav-badge-update"] }),
});

const encoder = new TextEncoder();

/** `GET /current`: the current values; `DELETE /current`: clears one. */
export function currentRoutes(hub: Hub) {
  const { access, limits, remedies } = hub;
  const { log } = hub.broker;
  const routes = new Elysia().get(
    "/current",
    async ({ request, query }) => {
      const grant = await access(request);
      const interest = readInterest(query, grant, limits.maxTopics);
      const current = currentValues(log.store);
      log.assertStarted();
      const filter = new Filter(interest);
      const readable = toPrivateTopics(interest.privateTopics);
      const upTo = log.head;
      const stream = directStream(request, (sink) => {
        void send(sink, values()).catch(() => sink.abort?.());
      });
      return new Response(stream, {
        headers: { "content-type": "application/json", "cache-control": "no-store" },
      });

      /** What has been replaced meanwhile comes after `upTo`. */
      function* values(): Generator<string, void, void> {
        let separator = "";
        for (let after = 0; after < upTo; ) {
          const stretch = current.read(after, upTo, VALUES_LIMIT);
          let text = "";
          for (const { entry, topics } of stretch.values) {
            const { type } = entry;
            const wanted = filter.asksFor({ type, topics, private: entry.private });
            if (!wanted || !mayRead(readable, entry)) continue;
            text += separator + eventText(entry, grant);
            separator = ",";
          }
          if (text !== "") yield text;
          after = stretch.upTo;
        }
        yield `],${JSON.stringify({ at: log.place(upTo) }).slice(1)}`;
      }
    },
    {
      query: Type.Object(subscriptionParameters),
      detail: operation({
        tag: "subscribe",
        audience: "reader",
        summary: "The current values",
        description:
          "The newest event that was published with `retain` for each type and topic, as far as this reader may read it. A stream without a last event id begins with the same.",
        answers: {
          200: {
            description: "All of them",
            headers: { "Cache-Control": NOT_STORED },
            content: json("Current", Current, { "a value": EXAMPLE }),
          },
        },
        problems: [501],
      }),
    },
  );

  return routes.delete(
    "/current",
    async ({ request, query: { topic, type } }): Promise<Response> => {
      const grant = await access(request);
      assertPublisher(hub, grant);
      if (!mayPublish(grant, { type, topics: topic === undefined ? [] : [topic] })) {
        throw forbidden(grant, remedies.publish);
      }
      currentValues(log.store);
      if (!(await log.clearCurrent(type, topic))) throw new Problem(404, "there is no such current value");
      return new Response(null, { status: 204 });
    },
    {
      query: ClearQuery,
      detail: operation({
        tag: "publish",
        audience: "publisher",
        summary: "Clear a current value",
        description: "New readers are no longer sent it. The event stays in the history.",
        answers: { 204: { description: "It is cleared" } },
        problems: [404, 501],
      }),
    },
  );
}

/** Writes no faster than it is read, so that an answer that nobody reads takes no memory. */
async function send(sink: EventSink, texts: Generator<string, void, void>): Promise<void> {
  let room = writeTo(sink, encoder.encode('{"values":['));
  for (const text of texts) {
    // Even where there is room, others have their turn.
    await (room ?? turn());
    room = writeTo(sink, encoder.encode(text));
  }
  sink.close();
}
