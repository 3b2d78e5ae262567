import type { Grant } from "../auth/grant.ts";
import { type Interest, mayKnow } from "../broker/interest.ts";
import { EARLIEST } from "../events/names.ts";
import { forbidden } from "../http/answer/challenge.ts";
import type { Hub } from "../http/hub.ts";
import type { Incoming } from "../http/request/address.ts";
import { assertBodyHead, mediaTypeOf, readBytes } from "../http/request/body.ts";
import { readLastEventId } from "../http/request/last-event-id.ts";
import { requestUrl } from "../http/request/request.ts";
import { parsePlace } from "../protocol/place.ts";
import { inSlices } from "../timers.ts";
import { covers } from "../topics/topic-patterns.ts";
import { accessOf, hasTokenInQuery } from "./credential.ts";
import { type Fields, firstOf, parseForm, parseQuery } from "./form.ts";
import { assertRoom, readMatchers } from "./matchers.ts";
import type { Subscribers } from "./subscribers.ts";

/** Of the answer to an address with a token (draft 07, "URI Query Parameter"). */
const NOT_SHARED = { "cache-control": "private, no-cache, no-transform" };
/** The largest form of a subscriber, in bytes. */
const MAX_FORM_BYTES = 1024 * 1024;
export const FORM = "application/x-www-form-urlencoded";

/** Answers a subscriber with its stream. @throws Problem 400, 401, 403, 413 or 429. */
export async function subscribe(hub: Hub, subscribers: Subscribers, incoming: Incoming): Promise<Response> {
  const { request } = incoming;
  const { mercure, limits } = hub;
  const query = await inSlices(parseQuery(requestUrl(request).search.slice(1)));
  const given = await accessOf(hub, request, query);
  const fields = [...query, ...(request.method === "QUERY" ? await bodyOf(hub, incoming) : [])];
  const wanted = readMatchers(fields, mercure.url, limits.maxTopics);
  assertRoom(wanted.patterns, hub.broker.crowd);
  const cursor = cursorOf(request, fields);
  const lastEventId = cursor === "" ? undefined : cursor;
  const asked = { grant: given, topics: wanted.patterns, lastEventId, format: "mercure" as const };
  return hub.connections.admit(request, asked, async ({ grant, topics, connection }) => {
    const interest = interestOf(grant, topics);
    const beginning = cursor === undefined ? undefined : await beginningAt(hub, interest, cursor);
    const told = beginning && headerText(beginning.told);
    return hub.openStream(incoming, {
      grant,
      interest,
      connection,
      lastEventId: beginning?.lastEventId,
      format: "mercure",
      headers: {
        ...(told !== undefined && { "mercure-last-event-id": told }),
        ...(told !== undefined && wanted.old && { "last-event-id": told }),
        ...(hasTokenInQuery(hub, query) && NOT_SHARED),
      },
      opened: (id) => subscribers.open(id, wanted, grant, beginning?.lastEventId),
    });
  });
}

async function bodyOf({ limits }: Hub, incoming: Incoming): Promise<Fields> {
  const { type } = mediaTypeOf(incoming);
  if (type === undefined && incoming.request.body === null) return [];
  assertBodyHead(incoming, FORM);
  const bytes = Math.min(limits.maxBody, MAX_FORM_BYTES);
  const body = await readBytes(incoming, { bytes, timeout: limits.bodyTimeout });
  return inSlices(parseForm(body, 400));
}

function interestOf(grant: Grant, patterns: readonly string[]): Interest {
  const { subscribe: granted, privateTopics } = grant;
  const topics = patterns.includes("*") ? ["*"] : patterns;
  if (granted.includes("*")) return { topics, types: [], privateTopics };
  // A hub whose public events are not public either: a subscriber asks for no more than it is granted.
  if (!topics.every((topic) => covers(granted, topic))) {
    throw forbidden(grant, grant.anonymous ? "to read here takes a token" : "the token does not grant this");
  }
  return { topics, types: [], privateTopics, allowedTopics: granted };
}

/** Where the subscriber begins, which may be an empty text; undefined for one that is new. */
function cursorOf(request: Request, fields: Fields): string | undefined {
  const inQuery = firstOf(fields, "last_event_id") ?? firstOf(fields, "lastEventID");
  return readLastEventId(request) ?? inQuery ?? request.headers.get("last-event-id") ?? undefined;
}

/** Where the stream begins, and what the subscriber is told of it. */
async function beginningAt({ broker: { log } }: Hub, interest: Interest, asked: string) {
  log.assertStarted();
  if (asked === "")
    return { lastEventId: undefined, told: log.head === 0 ? EARLIEST : `#${log.place(log.head)}` };
  // The hub's own ids are fragments here.
  const own = asked.startsWith("#") ? asked.slice(1) : "";
  const cursor = parsePlace(own) ? own : asked;
  const known = cursor !== EARLIEST && (await log.locate(cursor, mayKnow(interest))) !== undefined;
  return { lastEventId: cursor, told: known ? asked : EARLIEST };
}

/** A header holds bytes, which the Headers API takes as characters. */
function headerText(text: string): string {
  return Buffer.from(text).toString("latin1");
}
