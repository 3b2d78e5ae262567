import { type Gap, HubEvent } from "../protocol/hub-events.ts";
import { TidingsError } from "./error.ts";
import { isNumber, isRecord, isString, parseJson } from "./narrow.ts";
import type { Presence } from "./subscription.ts";

/** The client's id from the data of `connected`. */
export function clientIdOf(data: string): string | undefined {
  const value = parseJson(data);
  return isRecord(value) && isString(value["client_id"]) ? value["client_id"] : undefined;
}

/** The failure that `tidings.busy` stands for, which an EventSource would not survive as a status. */
export function busy(data: string): TidingsError {
  const value = parseJson(data);
  const { reason, retry_after: seconds } = isRecord(value) ? value : {};
  return new TidingsError(
    503,
    { title: "the hub is busy", ...(isString(reason) && { type: reason, detail: reason }) },
    { retryAfter: typeof seconds === "number" ? seconds * 1000 : undefined },
  );
}

/** The data of `tidings.gap`. */
export function gapOf(data: string): Gap {
  const value = parseJson(data);
  const { requested, earliest } = isRecord(value) ? value : {};
  return {
    requested: isString(requested) ? requested : "",
    earliest: isString(earliest) ? earliest : null,
  };
}

const KINDS: { readonly [type: string]: Presence["kind"] } = {
  [HubEvent.present]: "present",
  [HubEvent.joined]: "joined",
  [HubEvent.left]: "left",
};

/** What a hub event says of who is there; undefined for an event that says nothing of it. */
export function presenceOf(type: string, data: string): Presence | undefined {
  const kind = KINDS[type];
  if (kind === undefined) return undefined;
  const value = parseJson(data);
  const { topic, subjects, more } = isRecord(value) ? value : {};
  return {
    kind,
    topic: isString(topic) ? topic : "*",
    subjects: Array.isArray(subjects) ? subjects.filter(isString) : [],
    more: isNumber(more) ? more : 0,
  };
}
