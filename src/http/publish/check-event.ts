import { TypeCompiler } from "@sinclair/typebox/compiler";
import { draftOf } from "../../broker/event-input.ts";
import { EventBatch, EventInput } from "../../events/event-input.ts";
import type { ExactJson } from "../../events/exact-json.ts";
import { MOST_LISTED, type Violation, violations } from "../../events/violation.ts";
import type { Draft } from "../../log/entry.ts";
import { Problem, unprocessable } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";

const eventCheck = TypeCompiler.Compile(EventInput);
const batchCheck = TypeCompiler.Compile(EventBatch);

/** @throws Problem 422 with every failing path. */
export function checkedEvent(hub: Hub, { value, exact }: ExactJson): Draft {
  const found = [...dataViolations(hub, value, "/data"), ...audienceViolations(value, "")];
  if (found.length === 0 && eventCheck.Check(exact)) return toCheckedDraft(exact);
  throw unprocessable([...violations(eventCheck, value), ...found]);
}

/** @throws Problem 413 when one of them is too large. */
export function assertEventSizes(body: unknown, limit: number): void {
  if (!Array.isArray(body)) return;
  body.forEach((event: unknown, i) => {
    if (Buffer.byteLength(JSON.stringify(event)) > limit) {
      throw new Problem(413, `/${i}: an event here is ${limit} bytes at most`);
    }
  });
}

/** @throws Problem 422 with every failing path. */
export function checkedBatch(hub: Hub, { value, exact }: ExactJson): Draft[] {
  const found: Violation[] = [];
  if (Array.isArray(value)) {
    for (const [i, event] of value.entries()) {
      found.push(...dataViolations(hub, event, `/${i}/data`), ...audienceViolations(event, `/${i}`));
      if (found.length >= MOST_LISTED) break;
    }
  }
  if (found.length === 0 && batchCheck.Check(exact)) return exact.map(toCheckedDraft);
  throw unprocessable([...violations(batchCheck, value), ...found]);
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

function toCheckedDraft(event: EventInput): Draft {
  const { topic, topics = [] } = event;
  return draftOf(topic === undefined ? event : { ...event, topics: [topic, ...topics] });
}
