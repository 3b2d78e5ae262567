import { type Static, Type } from "@sinclair/typebox";

// The forms in which the two versions of the protocol speak of a subscription ("Active Subscriptions").

/** How a subscription was asked for: as in version 1, or by a URI template of the dialect before. */
const Kind = Type.Union([Type.Literal("exact"), Type.Literal("urlpattern"), Type.Literal("template")]);

/** One matcher of one connection. */
export const Subscription = Type.Object({
  /** Of the connection, which may have several. */
  subscriber: Type.String(),
  kind: Kind,
  /** As it was asked for. */
  match: Type.String(),
  /** What the token says of it, as JSON text. */
  payload: Type.Optional(Type.String()),
});
export type Subscription = Static<typeof Subscription>;
export type Matcher = Pick<Subscription, "kind" | "match">;

/** The version of the protocol that somebody speaks. */
export type Version = "1" | "0";

/** Below the path of the hub. */
export const SUBSCRIPTIONS = "/subscriptions";

/**
 * The topic of a subscription, and the address of its document, below the path of the hub; undefined where this
 * version has no form for it.
 */
export function pathOf({ kind, match, subscriber }: Subscription, version: Version): string | undefined {
  const matcher = matcherPath({ kind, match }, version);
  return matcher === undefined ? undefined : `${matcher}/${encoded(subscriber)}`;
}

/** The address of all subscriptions with a matcher. */
function matcherPath({ kind, match }: Matcher, version: Version): string | undefined {
  if (version === "0") return `${SUBSCRIPTIONS}/${encoded(match)}`;
  return kind === "template" ? undefined : `${SUBSCRIPTIONS}/${kind}/${encoded(match)}`;
}

/** Simple string expansion (RFC 6570, section 3.2.2). */
function encoded(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The document of a subscription, as JSON text; undefined where this version has no form for it. */
export function documentOf(
  hubPath: string,
  subscription: Subscription,
  version: Version,
  active: boolean,
): string | undefined {
  const path = pathOf(subscription, version);
  if (path === undefined) return undefined;
  const { kind, match, subscriber, payload } = subscription;
  const id = hubPath + path;
  const about =
    version === "1"
      ? { id, type: "subscription", match_type: kind, match, subscriber, active }
      : { "@context": CONTEXT, id, type: "Subscription", topic: match, subscriber, active };
  const text = JSON.stringify(about);
  return payload === undefined ? text : `${text.slice(0, -1)},"payload":${payload}}`;
}

/** Of the documents of the dialect before version 1 (JSON-LD). */
export const CONTEXT = "https://mercure.rocks/";
