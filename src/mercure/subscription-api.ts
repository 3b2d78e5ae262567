import type { Grant } from "../auth/grant.ts";
import { toPrivateTopics } from "../broker/interest.ts";
import { EARLIEST } from "../events/names.ts";
import { forbidden } from "../http/answer/challenge.ts";
import { Problem } from "../http/answer/problem.ts";
import type { Hub } from "../http/hub.ts";
import { requestUrl } from "../http/request/request.ts";
import { newWord } from "../protocol/place.ts";
import { inSlices } from "../timers.ts";
import type { ActiveSubscriptions } from "./active.ts";
import { accessOf } from "./credential.ts";
import { parseQuery } from "./form.ts";
import { MERCURE_PATH } from "./path.ts";
import { CONTEXT, documentOf, SUBSCRIPTIONS, type Subscription, type Version } from "./subscription.ts";

/** The most documents of one answer. */
const MAX_DOCUMENTS = 1000;
/** Tells this process from others, which count changes of their own. */
const WORD = newWord();

/** What a request asks for: all, those of a matcher, or one. */
interface Asked {
  readonly kind?: string | undefined;
  readonly match?: string | undefined;
  readonly subscriber?: string | undefined;
}

/**
 * Answers `GET …/subscriptions…` ("Subscription API").
 *
 * @throws Problem 401 or 403 when no private topic of the sender is the address, 404 for a single one that is not.
 */
export async function listSubscriptions(
  hub: Hub,
  request: Request,
  hubPath: string,
  active: ActiveSubscriptions,
): Promise<Response> {
  const { pathname, search } = requestUrl(request);
  // Whatever comes before it: a prefix of the plugin, which a proxy may have changed.
  const below = pathname.slice(pathname.indexOf(MERCURE_PATH + SUBSCRIPTIONS) + MERCURE_PATH.length);
  const query = await inSlices(parseQuery(search.slice(1)));
  const grant = await accessOf(hub, request, query);
  const topic = hubPath + below;
  if (!grant.admin && !toPrivateTopics(grant.privateTopics)?.has(topic)) {
    throw forbidden(grant, `only who may read private updates on ${topic} learns of subscriptions`);
  }
  const version = versionOf(grant);
  const asked = askedFor(below.slice(SUBSCRIPTIONS.length + 1), version);
  const { log } = hub.broker;
  const cursor = log.head === 0 ? EARLIEST : `#${log.place(log.head)}`;
  const headers = headersOf(hub.mercure.url, version, cursor, active.changes);
  if (request.headers.get("if-none-match")?.includes(headers.etag))
    return new Response(null, { status: 304, headers });
  const documents = await inSlices(documentsOf(hubPath, active, asked, version));
  if (asked.subscriber !== undefined) {
    const [document] = documents;
    if (document === undefined) throw new Problem(404, "there is no such subscription");
    const told = `${document.slice(0, -1)},"lastEventID":${JSON.stringify(cursor)}}`;
    return new Response(version === "0" ? told : document, { headers });
  }
  const about =
    version === "1"
      ? { id: topic, type: "subscriptions" }
      : { "@context": CONTEXT, id: topic, type: "Subscriptions", lastEventID: cursor };
  const text = `${JSON.stringify(about).slice(0, -1)},"subscriptions":[${documents.join(",")}]}`;
  return new Response(text, { headers });
}

/** The dialect of a token with the claim `mercure` is the one before version 1. */
function versionOf({ mercure }: Grant): Version {
  return mercure?.old ? "0" : "1";
}

/** @throws Problem 404 for an address of another shape. */
function askedFor(below: string, version: Version): Asked {
  const parts = below === "" ? [] : below.split("/").map(decoded);
  if (version === "0" && parts.length <= 2) return { match: parts[0], subscriber: parts[1] };
  if (version === "1" && (parts.length === 0 || parts.length === 2 || parts.length === 3)) {
    return { kind: parts[0], match: parts[1], subscriber: parts[2] };
  }
  throw new Problem(404, "there is no such list of subscriptions");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Problem(400, "the address is no UTF-8");
  }
}

function headersOf(hubUrl: string, version: Version, cursor: string, changes: number) {
  const link = `<${hubUrl}>; rel="mercure"`;
  return {
    "content-type": version === "1" ? "application/json" : "application/ld+json",
    link:
      version === "1"
        ? `${link}; last-event-id="${cursor}"; type="mercure"; content-type="application/json"`
        : link,
    etag: `"${version}.${cursor}.${WORD}.${changes}"`,
    "cache-control": "private, must-revalidate",
  };
}

function* documentsOf(
  hubPath: string,
  active: Iterable<Subscription>,
  { kind, match, subscriber }: Asked,
  version: Version,
): Generator<void, readonly string[], void> {
  const documents: string[] = [];
  for (const one of active) {
    yield;
    if (kind !== undefined && one.kind !== kind) continue;
    if (match !== undefined && one.match !== match) continue;
    if (subscriber !== undefined && one.subscriber !== subscriber) continue;
    const document = documentOf(hubPath, one, version, true);
    if (document !== undefined && documents.push(document) === MAX_DOCUMENTS) break;
  }
  return documents;
}
