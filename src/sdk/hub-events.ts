import type { Gap } from "../protocol/hub-events.ts";
import { TidingsError } from "./error.ts";
import { isRecord, isString, parseJson } from "./narrow.ts";

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
