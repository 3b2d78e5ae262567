import { Type } from "@sinclair/typebox";
import { type Grant, mayPublish } from "../../auth/grant.ts";
import type { CurrentReader } from "../../log/current-values.ts";
import type { Draft } from "../../log/entry.ts";
import { OutcomeUnknown, type Receipt, type Store, StoreFailure } from "../../log/store.ts";
import { DEFAULT_TYPE } from "../../protocol/frame.ts";
import { forbidden, listed } from "../answer/challenge.ts";
import { draining, Problem, unprocessable } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { accountOf, type Incoming } from "../request/address.ts";
import type { Checked } from "./check-event.ts";

/** The answer to one event. */
export const PublishedReceipt = Type.Object({
  id: Type.String(),
  recipients: Type.Integer({ description: "How many clients it is for" }),
  duplicate: Type.Optional(Type.Literal(true, { description: "It had been published before" })),
});

/** @throws Problem 401 or 403 when the sender may publish nothing. */
export function assertPublisher({ remedies }: Hub, grant: Grant): void {
  if (!grant.publish) throw forbidden(grant, remedies.publish);
}

/**
 * The same, before the body is read. One event of the sender's rate is spent.
 *
 * @throws Problem 401 or 403, 429 when it has published too much.
 */
export function payForOne(hub: Hub, grant: Grant, incoming: Incoming): void {
  assertPublisher(hub, grant);
  const wait = hub.publishRate?.take(accountOf(hub, grant, incoming)) ?? 0;
  if (wait > 0) throw tooMany(hub, wait);
}

/**
 * Pays for the events of a batch, of which one is paid for, before any is kept.
 *
 * @throws Problem 413 when no rest would be long enough for as many, 429 when it has published too much.
 */
export function payForBatch(hub: Hub, grant: Grant, incoming: Incoming, count: number): void {
  const { publishRate } = hub;
  if (!publishRate || count <= 1) return;
  const most = Math.floor(publishRate.most);
  if (count > most) {
    const detail = `at ${publishRate.perSecond} events a second, a batch has ${most} at most`;
    throw new Problem(413, detail, { type: "rate-exceeded" });
  }
  const wait = publishRate.take(accountOf(hub, grant, incoming), count - 1);
  // The next try pays for all of them.
  if (wait > 0) throw tooMany(hub, wait + 1 / publishRate.perSecond);
}

function tooMany(hub: Hub, retryAfter: number): Problem {
  const detail = `a publisher may send ${hub.limits.publishRate} events a second`;
  return new Problem(429, detail, { type: "rate-exceeded", retryAfter });
}

/**
 * Keeps an event when it is checked. It does not wait for {@link publish}: each function that waits costs
 * every event a promise.
 *
 * @throws Problem when it is refused; IdConflict; StoreFailure.
 */
export async function publishOne(
  hub: Hub,
  grant: Grant,
  given: Checked | Promise<Checked>,
): Promise<typeof PublishedReceipt.static> {
  const checked = given instanceof Promise ? await given : given;
  if ("violations" in checked) throw unprocessable(checked.violations);
  const events = [checked.draft];
  assertTakes(hub, grant, events);
  let receipts: readonly Receipt[];
  try {
    receipts = await hub.broker.append(events);
  } catch (error) {
    throw refusalOf(error, events);
  }
  const [receipt] = receipts;
  if (!receipt) throw new Error("the log answered nothing");
  hub.publications.add(grant, events, receipts);
  const { id, recipients, duplicate } = receipt;
  return duplicate ? { id, recipients, duplicate } : { id, recipients };
}

/**
 * Keeps events that have been checked, all or none.
 *
 * @throws Problem 401 or 403 when one is not granted, 503; IdConflict; StoreFailure.
 */
export async function publish(hub: Hub, grant: Grant, events: readonly Draft[]): Promise<readonly Receipt[]> {
  assertTakes(hub, grant, events);
  try {
    const receipts = await hub.broker.append(events);
    hub.publications.add(grant, events, receipts);
    return receipts;
  } catch (error) {
    throw refusalOf(error, events);
  }
}

/** @throws Problem 401 or 403 when one of the events is not granted, 501 when the store can't take it, 503. */
function assertTakes({ broker }: Hub, grant: Grant, events: readonly Draft[]): void {
  const { store } = broker.log;
  for (const event of events) {
    const { type = DEFAULT_TYPE, topics, retain, end } = event;
    if (!mayPublish(grant, { type, topics })) throw forbidden(grant, notGranted(grant, event));
    if (retain) currentValues(store);
    if (end) assertEnds(store);
  }
  if (broker.closed) throw draining();
}

/** What a failure of the log is to a publisher. */
function refusalOf(error: unknown, events: readonly Draft[]): unknown {
  return isOutcomeUnknown(error) ? outcomeUnknown(events) : error;
}

function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof StoreFailure && error.cause instanceof OutcomeUnknown;
}

/** 503: it can be asked again where that doubles nothing. */
function outcomeUnknown(events: readonly Draft[]): Problem {
  const isNamed = events.every(({ id }) => id !== undefined);
  const detail = isNamed
    ? "it is not known whether this was kept; to publish it again does not double it"
    : "it is not known whether this was kept; without an id, to publish it again may double it";
  return new Problem(503, detail, { type: "outcome-unknown", ...(isNamed && { retryAfter: 1 }) });
}

function notGranted(grant: Grant, { type = DEFAULT_TYPE, topics }: Draft): string {
  const refused = topics.filter((topic) => !mayPublish(grant, { type, topics: [topic] }));
  const where = topics.length > 0 ? `on ${listed(refused)}` : "to everyone, without a topic";
  return `the token does not grant publishing ${listed([type])} ${where}`;
}

/** @throws Problem 501 when topics do not end in this store. */
export function assertEnds({ ended }: Store): void {
  if (!ended) throw new Problem(501, "topics do not end in this hub's store");
}

/** The current values of a store. @throws Problem 501 when it keeps none */
export function currentValues({ current }: Store): CurrentReader {
  if (!current) throw new Problem(501, "this hub's store keeps no current values");
  return current;
}
