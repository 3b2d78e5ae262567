import { EventBatch } from "../../events/event-input.ts";
import { MAX_VIOLATIONS, type Violation } from "../../events/violation.ts";
import type { Draft } from "../../log/entry.ts";
import { turn } from "../../timers.ts";
import { Problem, unprocessable } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { parseJson } from "../request/body.ts";
import { cutArray, isArray, TOO_LONG } from "../request/json-array.ts";
import { checkEvent } from "./check-event.ts";

const MAX_EVENTS = EventBatch.maxItems ?? Number.POSITIVE_INFINITY;
/** For how long a batch holds the others up at a time, in ms. */
const SLICE = 4;

/**
 * The events of a batch's body. Each is cut out and parsed alone, and others have their turn in
 * between, so a batch holds nobody up for longer than one of its events does. After one event too
 * many, nothing more is looked at.
 *
 * @throws Problem 400 when it is not JSON, 413 when an event is too large, 422 with every failing path.
 */
export async function readBatch(hub: Hub, bytes: Uint8Array): Promise<Draft[]> {
  const { maxEvent } = hub.limits;
  if (!isArray(bytes)) {
    if (bytes.length <= maxEvent) parseJson(bytes);
    throw unprocessable([{ path: "", message: "Expected array" }]);
  }
  const drafts: Draft[] = [];
  const violations: Violation[] = [];
  let count = 0;
  let since = performance.now();
  try {
    for (const element of cutArray(bytes, maxEvent)) {
      const at = `/${count}`;
      if (element === TOO_LONG) throw new Problem(413, `${at}: an event here is ${maxEvent} bytes at most`);
      if (++count > MAX_EVENTS)
        throw unprocessable([{ path: "", message: `Expected at most ${MAX_EVENTS} events` }]);
      const checked = checkEvent(hub, parseJson(element, at), at);
      if ("draft" in checked) drafts.push(checked.draft);
      else violations.push(...checked.violations);
      if (violations.length >= MAX_VIOLATIONS) break;
      if (performance.now() - since < SLICE) continue;
      await turn();
      since = performance.now();
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw new Problem(400, `the body is not JSON: ${error.message}`);
    throw error;
  }
  if (violations.length > 0) throw unprocessable(violations);
  return drafts;
}
