import { type TUnsafe, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { EventBatch, EventInput } from "../../events/event-input.ts";
import { inSlices } from "../../timers.ts";
import type { Hub } from "../hub.ts";
import { json } from "../openapi/json-content.ts";
import { problemResponses } from "../openapi/problem-responses.ts";
import { PublishedReceipt, payForBatch, payForOne, publish, publishOne } from "../publish/publishing.ts";
import { readBatch } from "../publish/read-batch.ts";
import { accountOf } from "../request/address.ts";
import { readJsonBytes } from "../request/body.ts";

const BatchReceipt = Type.Object({
  ids: Type.Array(Type.String()),
  recipients: Type.Integer({ description: "The sum over all events" }),
  duplicates: Type.Optional(Type.Integer({ description: "How many had been published before" })),
});

const REFUSED = [400, 401, 403, 408, 409, 413, 415, 422, 429, 503];

/** `POST /publish` and `POST /publish/batch`: what comes in is checked, then kept, then answered. */
export function publishRoutes(hub: Hub) {
  const { maxBody, maxEvent, bodyTimeout: timeout } = hub.limits;
  const eventLimits = { bytes: Math.min(maxBody, maxEvent), timeout };
  return new Elysia()
    .post(
      "/publish",
      async ({ request, server }): Promise<typeof PublishedReceipt.static> => {
        const incoming = { request, server };
        const granted = hub.access(request);
        const grant = granted instanceof Promise ? await granted : granted;
        payForOne(hub, grant, incoming);
        const bytes = await readJsonBytes(incoming, eventLimits);
        return publishOne(hub, grant, bytes);
      },
      {
        parse: "none",
        body: typeOnly<EventInput>(),
        detail: {
          tags: ["publish"],
          summary: "Publish an event",
          requestBody: { required: true, content: json(EventInput) },
          responses: {
            200: { description: "The event is kept", content: json(PublishedReceipt) },
            ...problemResponses(...REFUSED),
          },
        },
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
        payForBatch(hub, accountOf(hub, grant, incoming), events.length);
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
        detail: {
          tags: ["publish"],
          summary: "Publish up to 10,000 events, all or none",
          requestBody: { required: true, content: json(EventBatch) },
          responses: {
            200: { description: "The events are kept", content: json(BatchReceipt) },
            ...problemResponses(...REFUSED),
          },
        },
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
