import { type TUnsafe, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { Elysia } from "elysia";
import { type Grant, mayPublish } from "../auth/grant.ts";
import { draftOf } from "../broker/draft.ts";
import { PublishedBatch, PublishedEvent } from "../events/event.ts";
import { MOST_LISTED, type Violation, violations } from "../events/violation.ts";
import type { ExactJson } from "../exact-json.ts";
import type { Draft } from "../log/entry.ts";
import type { Receipt } from "../log/log.ts";
import { IdConflict } from "../log/plan.ts";
import { StoreFailure } from "../log/store.ts";
import { type Incoming, siteOf } from "./address.ts";
import { parseJson, readJsonBytes } from "./body.ts";
import { forbidden } from "./challenge.ts";
import type { Hub } from "./hub.ts";
import { json } from "./json-content.ts";
import { Problem, unavailable, unprocessable } from "./problem.ts";
import { problemResponses } from "./problem-responses.ts";

const eventCheck = TypeCompiler.Compile(PublishedEvent);
const batchCheck = TypeCompiler.Compile(PublishedBatch);

export const PublishedReceipt = Type.Object({
  id: Type.String(),
  recipients: Type.Integer({ description: "How many clients it is for" }),
  duplicate: Type.Optional(Type.Literal(true, { description: "It had been published before" })),
});

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
        const grant = await payingGrant(hub, incoming);
        const bytes = await readJsonBytes(incoming, eventLimits);
        return publishOne(hub, grant, parseJson(bytes));
      },
      {
        parse: "none",
        body: typeOnly<PublishedEvent>(),
        detail: {
          tags: ["publish"],
          summary: "Publish an event",
          requestBody: { required: true, content: json(PublishedEvent) },
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
        const grant = await payingGrant(hub, incoming);
        const bytes = await readJsonBytes(incoming, { bytes: maxBody, timeout });
        const body = parseJson(bytes);
        if (bytes.length > maxEvent) assertEventSizes(body.exact, maxEvent);
        const events = checkedBatch(hub, body);
        // One is paid for.
        hub.publishRate?.charge(payerOf(hub, grant, incoming), events.length - 1);
        const receipts = await publish(hub, grant, events);
        const duplicates = receipts.filter(({ duplicate }) => duplicate).length;
        return {
          ids: receipts.map(({ entry }) => entry.id),
          recipients: receipts.reduce((sum, { entry }) => sum + entry.recipients, 0),
          ...(duplicates > 0 && { duplicates }),
        };
      },
      {
        parse: "none",
        body: typeOnly<PublishedBatch>(),
        detail: {
          tags: ["publish"],
          summary: "Publish up to 10,000 events, all or none",
          requestBody: { required: true, content: json(PublishedBatch) },
          responses: {
            200: { description: "The events are kept", content: json(BatchReceipt) },
            ...problemResponses(...REFUSED),
          },
        },
      },
    );
}

/** Checks an event, and keeps it. @throws Problem when it is refused. */
export async function publishOne(
  hub: Hub,
  grant: Grant,
  event: ExactJson,
): Promise<typeof PublishedReceipt.static> {
  const [receipt] = await publish(hub, grant, [checkedEvent(hub, event)]);
  if (!receipt) throw new Error("the log answered nothing");
  const { entry, duplicate } = receipt;
  const answer = { id: entry.id, recipients: entry.recipients };
  return duplicate ? { ...answer, duplicate } : answer;
}

/** @throws Problem 422 with every failing path. */
function checkedEvent(hub: Hub, { value, exact }: ExactJson): Draft {
  const found = [
    ...violations(eventCheck, value),
    ...dataViolations(hub, value, "/data"),
    ...audienceViolations(value, ""),
  ];
  if (found.length > 0 || !eventCheck.Check(exact)) throw unprocessable(found);
  return toCheckedDraft(exact);
}

/** @throws Problem 413 when one of them is too large. */
function assertEventSizes(body: unknown, limit: number): void {
  if (!Array.isArray(body)) return;
  body.forEach((event: unknown, i) => {
    if (Buffer.byteLength(JSON.stringify(event)) > limit) {
      throw new Problem(413, `/${i}: an event here is ${limit} bytes at most`);
    }
  });
}

/** @throws Problem 422 with every failing path. */
function checkedBatch(hub: Hub, { value, exact }: ExactJson): Draft[] {
  const found = violations(batchCheck, value);
  if (Array.isArray(value)) {
    for (const [i, event] of value.entries()) {
      found.push(...dataViolations(hub, event, `/${i}/data`), ...audienceViolations(event, `/${i}`));
      if (found.length >= MOST_LISTED) break;
    }
  }
  if (found.length > 0 || !batchCheck.Check(exact)) throw unprocessable(found);
  return exact.map(toCheckedDraft);
}

/** Where an event's data breaks its type's schema, in so far as the event has a type and data. */
function dataViolations({ catalog, strict }: Hub, event: unknown, at: string): Violation[] {
  if (typeof event !== "object" || event === null || !("type" in event)) return [];
  const { type } = event;
  if (typeof type !== "string") return [];
  if (!catalog.has(type)) {
    const path = at.replace(/data$/, "type");
    return strict ? [{ path, message: "Expected a type of the catalog" }] : [];
  }
  return "data" in event ? catalog.violations(type, event.data, at) : [];
}

/** A private event goes to those who may read one of its topics. */
function audienceViolations(event: unknown, at: string): Violation[] {
  if (typeof event !== "object" || event === null || !("private" in event) || event.private !== true)
    return [];
  const hasTopic =
    "topic" in event || ("topics" in event && Array.isArray(event.topics) && event.topics.length > 0);
  return hasTopic ? [] : [{ path: `${at}/topics`, message: "Expected a topic: the event is private" }];
}

function toCheckedDraft(event: PublishedEvent): Draft {
  const { topic, topics = [] } = event;
  return draftOf(topic === undefined ? event : { ...event, topics: [topic, ...topics] });
}

/**
 * What the sender may publish.
 *
 * @throws Problem 401 or 403 when that is nothing.
 */
export async function publisherGrant(hub: Hub, { request }: Incoming): Promise<Grant> {
  const granted = hub.access(request);
  const grant = granted instanceof Promise ? await granted : granted;
  if (!grant.publish) throw forbidden(grant, "publishing takes a key or a token that grants it");
  return grant;
}

/**
 * The same, before the body is read. It has one event of its rate spent.
 *
 * @throws Problem 401 or 403, 429 when it has published too much.
 */
async function payingGrant(hub: Hub, incoming: Incoming): Promise<Grant> {
  const grant = await publisherGrant(hub, incoming);
  const wait = hub.publishRate?.take(payerOf(hub, grant, incoming)) ?? 0;
  if (wait === 0) return grant;
  const headers = { "retry-after": String(Math.ceil(wait)) };
  throw new Problem(429, `a publisher may send ${hub.limits.publishRate} events a second`, { headers });
}

/** Whose rate it is: a key's or a token's, or without one, an address's. */
export function payerOf({ addressOf }: Hub, { subject }: Grant, incoming: Incoming): string {
  if (subject !== undefined) return `subject ${subject}`;
  const address = addressOf(incoming);
  return address === undefined ? "" : siteOf(address);
}

async function publish({ broker }: Hub, grant: Grant, events: readonly Draft[]): Promise<readonly Receipt[]> {
  for (const event of events) {
    if (!mayPublish(grant, event)) throw forbidden(grant, notGranted(event));
  }
  if (broker.closed) throw unavailable("the hub is stopping");
  try {
    return await broker.append(events);
  } catch (error) {
    if (error instanceof IdConflict) throw new Problem(409, error.message);
    if (error instanceof StoreFailure) throw unavailable("the store failed to keep it", error.cause);
    throw error;
  }
}

function notGranted({ type, topics }: Draft): string {
  const where = topics.length > 0 ? `on ${topics.join(", ")}` : "to everyone, without a topic";
  return `the token does not grant publishing ${type} ${where}`;
}

/**
 * Types a route's body for its clients, and no more: Elysia would stop at the first failing path,
 * and in an application that cleans bodies it would drop what it does not know. The door is
 * {@link checkedEvent}.
 */
function typeOnly<T>(): TUnsafe<T> {
  return undefined as unknown as TUnsafe<T>;
}
