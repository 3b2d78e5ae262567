import type { Catalog } from "../events/catalog.ts";
import { type EventInput, eventViolations, isEventInput } from "../events/event-input.ts";
import { MAX_VIOLATIONS, type Violation } from "../events/violation.ts";
import type { Draft } from "../log/entry.ts";

/** An event can't be published, or some of several can't. None of them has been kept. */
export class InvalidEvent extends TypeError {
  override readonly name = "InvalidEvent";
  /** Each wrong value, with a JSON Pointer into the event, or into the array of events; at most 1,000. */
  readonly violations: readonly Violation[];

  constructor(violations: readonly Violation[], options?: ErrorOptions) {
    const said = violations.map(({ path, message }) => `${path || "the event"}: ${message}`);
    super(`the event can't be published: ${said.join("; ")}`, options);
    this.violations = violations;
  }
}

const NONE: readonly Violation[] = [];

/** The rules for the type and the data of an event. */
export interface CatalogRules {
  readonly catalog: Pick<Catalog, "has" | "violations">;
  /** Whether event types outside the catalog are refused. */
  readonly strict: boolean;
}

/**
 * Checks an event, and makes a draft of it for the log.
 *
 * @throws InvalidEvent
 */
export function toDraft(event: EventInput, rules: CatalogRules): Draft {
  const found = violationsOf(event, rules, "");
  if (found.length > 0) throw new InvalidEvent(found);
  return draftOf(event);
}

/**
 * Checks several events, and makes drafts of them.
 *
 * @throws InvalidEvent with the violations of all events
 */
export function toDrafts(events: readonly EventInput[], rules: CatalogRules): Draft[] {
  const found: Violation[] = [];
  for (const [i, event] of events.entries()) {
    found.push(...violationsOf(event, rules, `/${i}`));
    if (found.length >= MAX_VIOLATIONS) break;
  }
  if (found.length > 0) throw new InvalidEvent(found.slice(0, MAX_VIOLATIONS));
  return events.map((event, i) => draftOf(event, `/${i}`));
}

/** Makes a draft of an event that has been checked. @throws InvalidEvent when its data is not JSON. */
export function draftOf(event: EventInput, at = ""): Draft {
  const { type, data, topic, topics = [], id, retry } = event;
  const { private: isPrivate = false, retain = false, end = false } = event;
  // A copy: the caller may change its list before this turn of the event loop ends.
  const all = topic === undefined ? [...topics] : [topic, ...topics];
  const json = toJson(data, at);
  return { id, type, json, text: false, topics: all, retry, private: isPrivate, retain, end };
}

/** The violations of the catalog by an event, as far as it has a type and data. `at` is prefixed to each path. */
export function catalogViolations(
  { catalog, strict }: CatalogRules,
  event: unknown,
  at = "",
): readonly Violation[] {
  if (typeof event !== "object" || event === null || !("type" in event)) return NONE;
  const { type } = event;
  if (typeof type !== "string") return NONE;
  if (!catalog.has(type)) {
    return strict ? [{ path: `${at}/type`, message: "Expected a type of the catalog" }] : NONE;
  }
  return "data" in event ? catalog.violations(type, event.data, `${at}/data`) : [];
}

function violationsOf(event: EventInput, rules: CatalogRules, at: string): readonly Violation[] {
  const input = isEventInput(event) ? NONE : eventViolations(event, at);
  const data = catalogViolations(rules, event, at);
  return data.length === 0 ? input : [...input, ...data];
}

function toJson(data: unknown, at: string): string {
  const refuse = (options?: ErrorOptions) =>
    new InvalidEvent([{ path: `${at}/data`, message: "Expected a JSON value" }], options);
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch (cause) {
    throw refuse({ cause });
  }
  if (json === undefined) throw refuse();
  return json;
}
