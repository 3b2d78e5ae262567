import { Type } from "@sinclair/typebox";
import { type Grant, mayPublish } from "../../auth/grant.ts";
import type { ExactJson } from "../../events/exact-json.ts";
import type { Draft } from "../../log/entry.ts";
import type { Receipt } from "../../log/log.ts";
import { forbidden } from "../answer/challenge.ts";
import { draining, Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { type Incoming, siteOf } from "../request/address.ts";
import { checkedEvent } from "./check-event.ts";

/** The answer to one event. */
export const PublishedReceipt = Type.Object({
  id: Type.String(),
  recipients: Type.Integer({ description: "How many clients it is for" }),
  duplicate: Type.Optional(Type.Literal(true, { description: "It had been published before" })),
});

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
export async function payingGrant(hub: Hub, incoming: Incoming): Promise<Grant> {
  const grant = await publisherGrant(hub, incoming);
  const wait = hub.publishRate?.take(payerOf(hub, grant, incoming)) ?? 0;
  if (wait === 0) return grant;
  throw new Problem(429, `a publisher may send ${hub.limits.publishRate} events a second`, {
    type: "rate-exceeded",
    retryAfter: wait,
  });
}

/** Whose rate it is: a key's or a token's, or without one, an address's. */
export function payerOf({ addressOf }: Hub, { subject }: Grant, incoming: Incoming): string {
  if (subject !== undefined) return `subject ${subject}`;
  const address = addressOf(incoming);
  return address === undefined ? "" : siteOf(address);
}

/** Checks an event, and keeps it. @throws Problem when it is refused; IdConflict; StoreFailure. */
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

/**
 * Keeps events that have been checked, all or none.
 *
 * @throws Problem 401 or 403 when one is not granted, 503; IdConflict; StoreFailure.
 */
export async function publish(
  { broker }: Hub,
  grant: Grant,
  events: readonly Draft[],
): Promise<readonly Receipt[]> {
  for (const event of events) {
    if (!mayPublish(grant, event)) throw forbidden(grant, notGranted(event));
  }
  if (broker.closed) throw draining();
  return broker.append(events);
}

function notGranted({ type, topics }: Draft): string {
  const where = topics.length > 0 ? `on ${topics.join(", ")}` : "to everyone, without a topic";
  return `the token does not grant publishing ${type} ${where}`;
}
