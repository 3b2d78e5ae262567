import { EventBatch } from "../../events/event-input.ts";
import { MAX_VIOLATIONS, type Violation } from "../../events/violation.ts";
import type { Draft } from "../../log/entry.ts";
import { Problem, unprocessable } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { notJson } from "../request/json.ts";
import { cutArray, isArray, membersOf, TOO_LONG } from "../request/json-bytes.ts";
import { checkEvent } from "./check-event.ts";

const MAX_EVENTS = EventBatch.maxItems ?? Number.POSITIVE_INFINITY;

/**
 * The events of a batch's body, in steps. Each event is cut out and checked alone; after one too
 * many, nothing more is looked at.
 *
 * @throws Problem 400 when it is not JSON, 413 when an event is too large, 422 with every failing path.
 */
export function* readBatch(hub: Hub, bytes: Uint8Array): Generator<void, Draft[], void> {
  const { maxEvent } = hub.limits;
  if (!isArray(bytes)) {
    if (bytes.length <= maxEvent) yield* assertJson(bytes);
    throw unprocessable([{ path: "", message: "Expected array" }]);
  }
  const drafts: Draft[] = [];
  const violations: Violation[] = [];
  let count = 0;
  try {
    for (const element of cutArray(bytes, maxEvent)) {
      const at = `/${count}`;
      if (element === TOO_LONG) throw new Problem(413, `${at}: an event here is ${maxEvent} bytes at most`);
      if (++count > MAX_EVENTS) {
        throw unprocessable([{ path: "", message: `Expected at most ${MAX_EVENTS} events` }]);
      }
      const checked = yield* checkEvent(hub, element, at);
      if ("draft" in checked) drafts.push(checked.draft);
      else violations.push(...checked.violations);
      if (violations.length >= MAX_VIOLATIONS) break;
      yield;
    }
  } catch (error) {
    throw notJson(error);
  }
  if (violations.length > 0) throw unprocessable(violations);
  return drafts;
}

/** @throws Problem 400 when it is not JSON. */
function* assertJson(bytes: Uint8Array): Generator<void, void, void> {
  try {
    yield* membersOf(bytes);
  } catch (error) {
    throw notJson(error);
  }
}
