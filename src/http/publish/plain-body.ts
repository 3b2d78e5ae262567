import { type Static, Type } from "@sinclair/typebox";
import { PublishedId, PublishedType, Topic } from "../../events/name-schemas.ts";
import { inSlices } from "../../timers.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import type { Incoming } from "../request/address.ts";
import { type BodyLimits, mediaTypeOf, readBytes } from "../request/body.ts";
import { textOf, withoutMark } from "../request/json-bytes.ts";
import { flagParameter, isSet, listParameter } from "../request/query.ts";
import { type Checked, checkData, checkParsed } from "./check-event.ts";

// For senders that don't know the hub: the query says what the event is, and the body is its data.

/** The largest form, in bytes, and its most fields. A longer text is no form: more would take time to parse. */
const MAX_FORM_BYTES = 64 * 1024;
const MAX_FORM_FIELDS = 1000;

const FORM = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data";

/** A form begins with a name and `=`. `curl -d` declares any text as a form. */
const BEGINS_AS_FORM = /^[\w.~%+*[\]-]+=/;

/** What the query says of an event whose body is its data. */
export const AboutEvent = Type.Object({
  type: Type.Optional(
    Type.String({
      description: "The event's type. With it, the body is the event's data.",
      allOf: PublishedType["allOf"],
      examples: ["order-shipped"],
    }),
  ),
  topic: listParameter("A topic of that event.", "orders/7", Topic),
  id: Type.Optional(
    Type.String({
      description: "The id of that event.",
      allOf: PublishedId["allOf"],
      examples: ["order-7-shipped"],
    }),
  ),
  private: flagParameter(
    "That event is only for readers who may read the private events of one of its topics.",
  ),
  retain: flagParameter("That event becomes the current value of its type on its topics."),
  end: flagParameter("That event is the last of its topics: streams that ask for ended topics alone end."),
});
export type AboutEvent = Static<typeof AboutEvent>;

/** Whether the body is the data alone. @throws Problem 400 when the query says something else of an event. */
export function isPlain(about: AboutEvent): boolean {
  if (about.type !== undefined) return true;
  if (Object.keys(about).length === 0) return false;
  throw new Problem(400, "the query has no type: with one, the body is the event's data");
}

/**
 * Reads the data of an event, and checks the event: JSON is the data as it is, a form becomes an object, any
 * other text a string.
 *
 * @throws Problem 403 for a page of another site, 415 for what is no text, and those of reading a body.
 */
export async function readPlain(
  hub: Hub,
  incoming: Incoming,
  { private: isPrivate, retain, end, topic: topics = [], ...about }: AboutEvent,
  limits: BodyLimits,
): Promise<Checked> {
  const event = { ...about, topics, private: isSet(isPrivate), retain: isSet(retain), end: isSet(end) };
  const { type, charset } = mediaTypeOf(incoming);
  // Only JSON has a preflight, by which a browser asks before a page of another site may send it.
  const isJson = type === "application/json";
  if (!isJson && !hub.isOwnPage(incoming.request)) {
    throw new Problem(403, "a page of another site may send this as application/json only");
  }
  const isForm = type === FORM || type === MULTIPART;
  if (!isJson && !isForm && type !== undefined && !type.startsWith("text/")) {
    throw new Problem(415, "send JSON, a form or text, and declare it as that");
  }
  if (charset !== undefined && charset !== "utf-8" && charset !== "us-ascii") {
    throw new Problem(415, "send this as UTF-8");
  }
  const bytes = await readBytes(incoming, limits);
  if (type === undefined && bytes.length === 0) throw new Problem(400, "the request has no body");
  if (isJson) return inSlices(checkData(hub, event, bytes));
  const data = type === MULTIPART ? await multipartOf(incoming, bytes) : formOrText(bytes, isForm);
  const whole = { ...event, data };
  return checkParsed(hub, { value: whole, exact: whole }, "");
}

function formOrText(bytes: Uint8Array, isForm: boolean): unknown {
  const text = textIn(bytes);
  if (!isForm || !BEGINS_AS_FORM.test(text)) return text;
  if (bytes.length > MAX_FORM_BYTES) throw formTooLarge();
  return objectOf(new URLSearchParams(text));
}

function textIn(bytes: Uint8Array): string {
  try {
    return textOf(withoutMark(bytes));
  } catch {
    throw new Problem(400, "the body is not UTF-8");
  }
}

async function multipartOf({ request }: Incoming, bytes: Uint8Array): Promise<unknown> {
  if (bytes.length > MAX_FORM_BYTES) throw formTooLarge();
  const headers = { "content-type": request.headers.get("content-type") ?? MULTIPART };
  const fields: [string, string][] = [];
  try {
    const form = await new Response(new Uint8Array(bytes), { headers }).formData();
    form.forEach((value, name) => {
      if (typeof value !== "string") throw new Problem(415, "a form with files is not taken");
      fields.push([name, value]);
    });
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(400, `the body is not ${MULTIPART}`);
  }
  return objectOf(fields);
}

/** The fields of a form by name; one that comes again is a list. */
function objectOf(fields: Iterable<[string, string]>): unknown {
  const lists = new Map<string, string[]>();
  let count = 0;
  for (const [name, value] of fields) {
    if (++count > MAX_FORM_FIELDS) throw formTooLarge();
    const list = lists.get(name);
    if (list) list.push(value);
    else lists.set(name, [value]);
  }
  return Object.fromEntries(Array.from(lists, ([name, list]) => [name, list.length === 1 ? list[0] : list]));
}

function formTooLarge(): Problem {
  return new Problem(413, `a form has ${MAX_FORM_BYTES} bytes and ${MAX_FORM_FIELDS} fields at most`);
}
