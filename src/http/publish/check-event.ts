import { catalogViolations, draftOf } from "../../broker/draft.ts";
import { eventViolations, isEventInput } from "../../events/event-input.ts";
import type { ExactJson } from "../../events/exact-json.ts";
import type { Violation } from "../../events/violation.ts";
import type { Draft } from "../../log/entry.ts";
import type { Hub } from "../hub.ts";

/** The event as the log takes it, or every failing path, to each of which `at` is prefixed. */
export function checkEvent(
  hub: Hub,
  { value, exact }: ExactJson,
  at = "",
): { readonly draft: Draft } | { readonly violations: readonly Violation[] } {
  const found = catalogViolations(hub.broker, value, at);
  if (found.length > 0 || !isEventInput(value)) {
    return { violations: [...eventViolations(value, at), ...found] };
  }
  // Only the data's numbers are anybody's but the hub's.
  return { draft: draftOf(exact === value ? value : { ...value, data: dataOf(exact) }, at) };
}

function dataOf(event: unknown): unknown {
  return typeof event === "object" && event !== null && "data" in event ? event.data : undefined;
}
