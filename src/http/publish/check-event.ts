import { draftOf } from "../../broker/event-input.ts";
import { batchViolations, eventViolations, isEventBatch, isEventInput } from "../../events/event-input.ts";
import type { ExactJson } from "../../events/exact-json.ts";
import { MAX_VIOLATIONS, type Violation } from "../../events/violation.ts";
import type { Draft } from "../../log/entry.ts";
import { Problem, unprocessable } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";

/** @throws Problem 422 with every failing path. */
export function checkedEvent(hub: Hub, { value, exact }: ExactJson): Draft {
  const found = dataViolations(hub, value, "/data");
  if (found.length === 0 && isEventInput(exact)) return draftOf(exact);
  throw unprocessable([...eventViolations(value), ...found]);
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
      found.push(...dataViolations(hub, event, `/${i}/data`));
      if (found.length >= MAX_VIOLATIONS) break;
    }
  }
  if (found.length === 0 && isEventBatch(exact)) return exact.map(draftOf);
  throw unprocessable([...batchViolations(value), ...found]);
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
