import { catalogViolations, draftOf } from "../../broker/draft.ts";
import { batchViolations, eventViolations, isEventBatch, isEventInput } from "../../events/event-input.ts";
import type { ExactJson } from "../../events/exact-json.ts";
import { MAX_VIOLATIONS, type Violation } from "../../events/violation.ts";
import type { Draft } from "../../log/entry.ts";
import { Problem, unprocessable } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";

/** @throws Problem 422 with every failing path. */
export function checkedEvent(hub: Hub, { value, exact }: ExactJson): Draft {
  const found = catalogViolations(hub, value);
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
      found.push(...catalogViolations(hub, event, `/${i}`));
      if (found.length >= MAX_VIOLATIONS) break;
    }
  }
  if (found.length === 0 && isEventBatch(exact)) return exact.map((event) => draftOf(event));
  throw unprocessable([...batchViolations(value), ...found]);
}
