import { type TUnsafe, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { EventBatch, EventInput } from "../../events/event-input.ts";
import { inSlices } from "../../timers.ts";
import type { Hub } from "../hub.ts";
import { json, operation, text } from "../openapi/operation.ts";
import { checkEvent } from "../publish/check-event.ts";
import { AboutEvent, isPlain, readPlain } from "../publish/plain-body.ts";
import { PublishedReceipt, payForBatch, payForOne, publish, publishOne } from "../publish/publishing.ts";
import { readBatch } from "../publish/read-batch.ts";
import { readJsonBytes } from "../request/body.ts";

const BatchReceipt = Type.Object({
  ids: Type.Array(Type.String()),
  recipients: Type.Integer({ description: "The sum over all events" }),
  duplicates: Type.Optional(Type.Integer({ description: "How many had been published before" })),
});

const PROBLEMS = [408, 409, 413, 415, 422, 429, 501];

const ORDER_SHIPPED: EventInput = { type: "order-shipped", data: { order: 7 }, topics: ["orders/7"] };
const PRICE_CHANGED: EventInput = { type: "price-changed", data: { item: "tea", price: 3.5 } };

/** `POST /publish` and `POST /publish/batch`: what comes in is checked, then kept, then answered. */
export function publishRoutes(hub: Hub) {
  const { maxBody, maxEvent, bodyTimeout: timeout } = hub.limits;
  const eventLimits = { bytes: Math.min(maxBody, maxEvent), timeout };
  return new Elysia()
    .post(
      "/publish",
      async ({ request, server, query }): Promise<typeof PublishedReceipt.static> => {
        const incoming = { request, server };
        const isData = isPlain(query);
        const granted = hub.access(request);
        const grant = granted instanceof Promise ? await granted : granted;
        payForOne(hub, grant, incoming);
        const checked = isData
          ? await readPlain(hub, incoming, query, eventLimits)
          : checkEvent(hub, await readJsonBytes(incoming, eventLimits));
        // Awaited, since a promise that is returned takes three turns of the microtasks, not one.
        return await publishOne(hub, grant, checked);
      },
      {
        parse: "none",
        query: AboutEvent,
        body: typeOnly<EventInput>(),
        detail: operation({
          tag: "publish",
          audience: "publisher",
          summary: "Publish an event",
          description:
            "It is checked, then kept, then delivered. The same `id` on the same topics with the same content " +
            "answers as the first time and delivers nothing, so an event with an `id` can be sent again; with other " +
            "content it is a 409. A refused event delivers nothing.\n\n" +
            "For senders that don't know the hub, `type` in the query makes the body the data: JSON as it is, a form as " +
            "an object, any other text as a string. A page of another site may send JSON only.",
          body: {
            ...json("EventInput", EventInput, {
              "on a topic": ORDER_SHIPPED,
              "to everyone": PRICE_CHANGED,
            }),
            ...text("text/plain", { "with type in the query": "disk full" }),
            ...text("application/x-www-form-urlencoded", { "with type in the query": "disk=sda1&free=3" }),
          },
          answers: {
            200: {
              description: "The event is kept",
              content: json("Receipt", PublishedReceipt, {
                kept: { id: "bcdfghjkmnpq-12", recipients: 3 },
                "published before": { id: "order-7-shipped", recipients: 3, duplicate: true },
              }),
              links: {
                "next events": {
                  operationId: "getHistory",
                  parameters: { after: "$response.body#/id" },
                  description: "What came after it",
                },
                erase: {
                  operationId: "deleteHistoryById",
                  parameters: { id: "$response.body#/id" },
                  description: "Erases it",
                },
              },
            },
          },
          problems: PROBLEMS,
        }),
      },
    )
    .post(
      "/publish/batch",
      async ({ request, server }): Promise<typeof BatchReceipt.static> => {
        const incoming = { request, server };
        const granted = hub.access(request);
        const grant = granted instanceof Promise ? await granted : granted;
        payForOne(hub, grant, incoming);
        const bytes = await readJsonBytes(incoming, { bytes: maxBody, timeout });
        const events = await inSlices(readBatch(hub, bytes));
        payForBatch(hub, grant, incoming, events.length);
        const receipts = await publish(hub, grant, events);
        const duplicates = receipts.filter(({ duplicate }) => duplicate).length;
        return {
          ids: receipts.map(({ id }) => id),
          recipients: receipts.reduce((sum, { recipients }) => sum + recipients, 0),
          ...(duplicates > 0 && { duplicates }),
        };
      },
      {
        parse: "none",
        body: typeOnly<EventBatch>(),
        detail: operation({
          tag: "publish",
          audience: "publisher",
          summary: "Publish up to 10,000 events, all or none",
          description: "In their order. The path of each fault in a 422 begins with the event's index.",
          body: json("EventBatch", EventBatch, { two: [ORDER_SHIPPED, PRICE_CHANGED] }),
          answers: {
            200: {
              description: "The events are kept",
              content: json("BatchReceipt", BatchReceipt, {
                kept: { ids: ["bcdfghjkmnpq-12", "bcdfghjkmnpq-13"], recipients: 6 },
              }),
            },
          },
          problems: PROBLEMS,
        }),
      },
    );
}

/**
 * Types a route's body for its clients, and no more: Elysia would stop at the first failing path,
 * and in an application that cleans bodies it would drop what it does not know. The door is
 * check-event.ts.
 */
function typeOnly<T>(): TUnsafe<T> {
  return undefined as unknown as TUnsafe<T>;
}
