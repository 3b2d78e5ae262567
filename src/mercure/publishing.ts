import { catalogViolations } from "../broker/draft.ts";
import { EARLIEST, isEventId } from "../events/names.ts";
import { Problem } from "../http/answer/problem.ts";
import type { Hub } from "../http/hub.ts";
import { payForOne, publish } from "../http/publish/publishing.ts";
import type { Incoming } from "../http/request/address.ts";
import { assertBodyHead, readBytes } from "../http/request/body.ts";
import { requestUrl } from "../http/request/request.ts";
import { jsonOf } from "../log/data-text.ts";
import type { Draft } from "../log/entry.ts";
import { IdConflict, type Receipt } from "../log/store.ts";
import { DEFAULT_TYPE } from "../protocol/frame.ts";
import { isPlaceText } from "../protocol/place.ts";
import { inSlices } from "../timers.ts";
import { reservedPlace } from "../topics/reserved-topic.ts";
import { isSized } from "../topics/topic.ts";
import { accessOf } from "./credential.ts";
import { type Fields, firstOf, parseForm, parseQuery } from "./form.ts";
import { FORM } from "./subscribing.ts";

/** The most topics of an update. */
const MAX_TOPICS = 100;
const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}]/u;

/** Takes an update, and answers its id. @throws Problem 400, 401, 403, 413, 415 or 429; StoreFailure. */
export async function publishUpdate(hub: Hub, incoming: Incoming): Promise<Response> {
  const { maxBody, bodyTimeout: timeout } = hub.limits;
  const query = await inSlices(parseQuery(requestUrl(incoming.request).search.slice(1)));
  const grant = await accessOf(hub, incoming.request, query);
  payForOne(hub, grant, incoming);
  assertBodyHead(incoming, FORM);
  const bytes = await readBytes(incoming, { bytes: maxBody, timeout });
  const draft = readUpdate(hub, await inSlices(parseForm(bytes, 413)));
  let receipts: readonly Receipt[];
  try {
    receipts = await publish(hub, grant, [draft]);
  } catch (error) {
    // The id may come again: then the hub gives one.
    if (!(error instanceof IdConflict)) throw error;
    receipts = await publish(hub, grant, [{ ...draft, id: undefined }]);
  }
  const id = receipts[0]?.id ?? "";
  const text = id === draft.id ? id : `#${id}`;
  return new Response(text, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

function readUpdate(hub: Hub, fields: Fields): Draft {
  const topics = [...new Set(fields.filter(([name]) => name === "topic").map(([, topic]) => topic))];
  if (topics.length === 0) throw new Problem(400, "an update has a topic");
  if (topics.length > MAX_TOPICS) throw new Problem(413, `an update has ${MAX_TOPICS} topics at most`);
  for (const topic of topics) assertTopic(topic, hub.mercure.url);
  const data = firstOf(fields, "data") ?? "";
  if (Buffer.byteLength(data) > hub.limits.maxEvent) {
    throw new Problem(413, `an update has ${hub.limits.maxEvent} bytes at most`);
  }
  const draft: Draft = {
    id: idOf(firstOf(fields, "id")),
    type: typeOf(firstOf(fields, "type")),
    json: JSON.stringify(data),
    text: true,
    topics,
    retry: retryOf(firstOf(fields, "retry")),
    private: fields.some(([name]) => name === "private"),
    retain: false,
    end: false,
  };
  assertCatalog(hub, draft);
  return draft;
}

function assertTopic(topic: string, hubUrl: string): void {
  assertText("topic", topic);
  if (topic === "") throw new Problem(400, "a topic is empty");
  if (topic === "*") throw new Problem(400, "* stands for every topic, so it is none");
  if (reservedPlace(topic, hubUrl)) throw new Problem(400, "the topic belongs to the hub itself");
}

function idOf(id: string | undefined): string | undefined {
  if (id === undefined || id === "") return undefined;
  assertText("id", id);
  if (id.startsWith("#") || id === EARLIEST)
    throw new Problem(400, `an id begins with no #, and is not ${EARLIEST}`);
  // The hub gives one where this could not be told from its own, or would not come back as it is.
  return isEventId(id) && !isPlaceText(id) ? id : undefined;
}

function typeOf(type: string | undefined): string | undefined {
  if (type === undefined || type === "" || type === DEFAULT_TYPE) return undefined;
  assertText("type", type);
  if (type === "mercure" || type === "connected" || type.startsWith("tidings.")) {
    throw new Problem(400, `${type} is a type of the hub itself`);
  }
  return type;
}

function retryOf(retry: string | undefined): number | undefined {
  if (retry === undefined || retry === "") return undefined;
  if (!/^[0-9]+$/.test(retry) || !Number.isSafeInteger(Number(retry))) {
    throw new Problem(400, "retry is a number of milliseconds, in digits");
  }
  return Number(retry);
}

function assertText(name: string, text: string): void {
  if (CONTROL_OR_FORMAT.test(text)) throw new Problem(400, `${name} has a control or format character`);
  if (text !== "" && !isSized(text)) throw new Problem(413, `${name} has 1,024 bytes at most`);
}

/** What the catalog promises to native readers holds for all events. */
function assertCatalog({ broker }: Hub, draft: Draft): void {
  const { type = DEFAULT_TYPE } = draft;
  if (!broker.strict && !broker.catalog.has(type)) return;
  const [wrong] = catalogViolations(broker, { type, data: JSON.parse(jsonOf(draft)) });
  if (wrong) throw new Problem(400, `${wrong.path}: ${wrong.message}`);
}
