import { catalogViolations, draftOf } from "../../broker/draft.ts";
import { eventViolations, isEventInput, MAX_TOPICS } from "../../events/event-input.ts";
import type { ExactJson } from "../../events/exact-json.ts";
import type { Violation } from "../../events/violation.ts";
import type { Draft } from "../../log/entry.ts";
import { inSlices } from "../../timers.ts";
import { reservedPlace } from "../../topics/reserved-topic.ts";
import type { Hub } from "../hub.ts";
import { notJson, parseJson } from "../request/json.ts";
import { cutArray, membersOf, withoutMark } from "../request/json-bytes.ts";

/** From this size on, in bytes, an event is checked part by part. */
const LARGE_EVENT_BYTES = 64 * 1024;
/** How long all but the data can be, in characters: 101 topics of 1,024 bytes in escapes, and then some. */
const MAX_ENVELOPE_LENGTH = 768 * 1024;

const NONE: readonly Violation[] = [];
const SEVERAL = "Expected object; an array of events goes to the route publish/batch";
const RESERVED = "Expected another topic: this one belongs to the hub";

/** The event as the log takes it, or every failing path. */
export type Checked = { readonly draft: Draft } | { readonly violations: readonly Violation[] };

/**
 * Checks an event's JSON: at once, or in slices if it is large.
 *
 * @throws Problem 400 when it is not JSON, 422 when it is nested too deeply.
 */
export function checkEvent(hub: Hub, bytes: Uint8Array): Checked | Promise<Checked> {
  // Most are small, and steps cost them more than the check.
  if (bytes.length < LARGE_EVENT_BYTES) return checkParsed(hub, parseJson(bytes), "");
  return inSlices(checkInSteps(hub, bytes));
}

/**
 * The same in steps. `at`, the JSON Pointer to it in what was sent, is prefixed to each path. Data whose
 * type the catalog has is parsed in one step: its schema needs it whole.
 *
 * @throws the same
 */
export function* checkInSteps(hub: Hub, bytes: Uint8Array, at = ""): Generator<void, Checked, void> {
  if (bytes.length < LARGE_EVENT_BYTES) return checkParsed(hub, parseJson(bytes, at), at);
  let members: Map<string, string> | undefined;
  try {
    members = yield* membersOf(bytes);
  } catch (error) {
    throw notJson(error, at);
  }
  if (!members) return { violations: [{ path: at, message: "Expected object" }] };
  return checkLarge(hub, members, at);
}

/**
 * Checks an event whose data alone is JSON, in steps.
 *
 * @param about all but the data
 * @throws the same
 */
export function* checkData(hub: Hub, about: object, bytes: Uint8Array): Generator<void, Checked, void> {
  if (bytes.length < LARGE_EVENT_BYTES) {
    const { value, exact } = parseJson(bytes);
    const event = { ...about, data: value };
    return checkParsed(hub, { value: event, exact: exact === value ? event : { ...about, data: exact } }, "");
  }
  const members = new Map(Object.entries(about).map(([name, value]) => [name, JSON.stringify(value)]));
  try {
    const data = withoutMark(bytes);
    assertOneValue(data);
    const wrapped = yield* membersOf(Buffer.concat([Buffer.from('{"data":'), data, Buffer.from("}")]));
    members.set("data", wrapped?.get("data") ?? "");
  } catch (error) {
    throw notJson(error);
  }
  return checkLarge(hub, members, "");
}

/** @throws SyntaxError when the bytes would be several members, put into an object. */
function assertOneValue(bytes: Uint8Array): void {
  const list = Buffer.concat([Buffer.from("["), bytes, Buffer.from("]")]);
  const parts = [...cutArray(list, list.length)];
  if (parts.length !== 1) throw new SyntaxError("it is more than one value");
}

/** The same for an event whose JSON is parsed. */
export function checkParsed(hub: Hub, { value, exact }: ExactJson, at: string): Checked {
  const found = catalogViolations(hub.broker, value, at);
  const reserved = reservedTopics(hub, value, at);
  if (found.length > 0 || reserved.length > 0 || !isEventInput(value)) {
    if (Array.isArray(value) && at === "") return { violations: [{ path: at, message: SEVERAL }] };
    return { violations: [...eventViolations(value, at), ...found, ...reserved] };
  }
  // Only the data's numbers are anybody's but the hub's.
  return { draft: draftOf(exact === value ? value : { ...value, data: dataOf(exact) }, at) };
}

function dataOf(event: unknown): unknown {
  return typeof event === "object" && event !== null && "data" in event ? event.data : undefined;
}

function checkLarge(hub: Hub, members: ReadonlyMap<string, string>, at: string): Checked {
  const json = members.get("data");
  const rest = [...members].map(
    ([name, text]) => `${JSON.stringify(name)}:${name === "data" ? "null" : text}`,
  );
  const envelope = `{${rest.join(",")}}`;
  if (envelope.length > MAX_ENVELOPE_LENGTH) {
    const message = `Expected at most ${MAX_ENVELOPE_LENGTH} characters besides the data`;
    return { violations: [{ path: at, message }] };
  }
  const event: unknown = JSON.parse(envelope);
  const known = isEventInput(event) && hub.broker.catalog.has(event.type) && json !== undefined;
  const found = catalogViolations(hub.broker, known ? { ...event, data: JSON.parse(json) } : event, at);
  const reserved = reservedTopics(hub, event, at);
  if (found.length > 0 || reserved.length > 0 || !isEventInput(event) || json === undefined) {
    return { violations: [...eventViolations(event, at), ...found, ...reserved] };
  }
  return { draft: { ...draftOf(event, at), json } };
}

/** Topics on which the hub alone publishes, by the Mercure protocol. */
function reservedTopics({ mercure }: Hub, event: unknown, at: string): readonly Violation[] {
  if (typeof event !== "object" || event === null) return NONE;
  const { topic, topics }: { readonly topic?: unknown; readonly topics?: unknown } = event;
  // Made for the first one only: most events have none.
  let found: Violation[] | undefined;
  const look = (one: unknown, path: string, i?: number) => {
    if (typeof one !== "string" || reservedPlace(one, mercure.url) !== "below") return;
    found ??= [];
    found.push({ path: i === undefined ? at + path : `${at}${path}/${i}`, message: RESERVED });
  };
  look(topic, "/topic");
  if (Array.isArray(topics)) {
    for (let i = 0; i < Math.min(topics.length, MAX_TOPICS); i++) look(topics[i], "/topics", i);
  }
  return found ?? NONE;
}
