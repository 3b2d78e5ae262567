import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { violations } from "../events/violation.ts";
import { TooComplex } from "../topics/automaton.ts";
import { PatternError } from "../topics/expression-parser.ts";
import { isMatcherText, matcherOf, matcherText, selectorPatterns } from "../topics/matcher.ts";
import { MAX_CROWD } from "../topics/matcher-index.ts";
import { TopicPatterns } from "../topics/topic-patterns.ts";
import type { MercureHolder } from "./grant.ts";
import type { SignedToken } from "./token-keys.ts";
import { InvalidToken } from "./tokens.ts";

/** The hub as tokens of the Mercure protocol see it. */
export interface MercureRules {
  /** The URL of the hub: the base of relative patterns, and the audience of a token unless the hub has another. */
  readonly url: string;
  /**
   * Whether the claim `mercure` of the dialect before version 1 grants anything.
   *
   * @defaultValue false
   */
  readonly compat?: boolean | undefined;
}

/** A topic of a token, or a pattern. */
export interface MercureTopic {
  readonly match: string;
  readonly match_type?: "exact" | "urlpattern";
}

/** A token, and the rules that hold for it. */
type TokenOfMercure = Pick<SignedToken, "payload" | "type" | "rules">;

/** What a token grants, as patterns of the hub; undefined for nothing. */
interface MercureGrants {
  readonly publish?: readonly string[] | undefined;
  readonly subscribe?: readonly string[] | undefined;
  readonly holder?: MercureHolder | undefined;
}

/** The type of the details that are for hubs of this protocol. */
export const MERCURE_DETAIL = "https://mercure.rocks/authorization-detail";
const NAMESPACED = "https://mercure.rocks/";
const MAX_DETAILS = 100;
const MAX_TOPICS = 1000;
const MAX_PATTERN = 4096;
const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}]/u;

const Detail = Type.Object({
  actions: Type.Array(Type.String(), { minItems: 1, maxItems: MAX_TOPICS }),
  topics: Type.Array(
    Type.Object({
      match: Type.String({ minLength: 1, maxLength: MAX_PATTERN }),
      match_type: Type.Optional(Type.String()),
    }),
    { minItems: 1, maxItems: MAX_TOPICS },
  ),
  payload: Type.Optional(Type.Object({})),
});
const Details = Type.Array(Type.Object({ type: Type.String() }), { maxItems: MAX_DETAILS });
const Selectors = Type.Array(Type.String({ maxLength: MAX_PATTERN }), { maxItems: MAX_TOPICS });
const OldClaim = Type.Object({
  publish: Type.Optional(Type.Union([Selectors, Type.Null()])),
  subscribe: Type.Optional(Type.Union([Selectors, Type.Null()])),
  payload: Type.Optional(Type.Unknown()),
});
const checkDetails = TypeCompiler.Compile(Details);
const checkDetail = TypeCompiler.Compile(Detail);
const checkOld = TypeCompiler.Compile(OldClaim);

/**
 * What a verified token grants by the Mercure protocol: by `authorization_details` (RFC 9396), and, where
 * that is taken, by the claim `mercure`.
 *
 * @throws InvalidToken when one of them is malformed, or the token is no access token (RFC 9068)
 */
export function readMercureClaims(token: TokenOfMercure, mercure: MercureRules): MercureGrants {
  const { payload } = token;
  const given = payload["authorization_details"];
  if (given !== undefined) return readDetails(token, given, mercure);
  const old = payload["mercure"] ?? payload[NAMESPACED];
  return mercure.compat && old !== undefined ? readOldClaim(old) : {};
}

function readDetails(token: TokenOfMercure, given: unknown, mercure: MercureRules): MercureGrants {
  if (!checkDetails.Check(given))
    throw malformed("authorization_details", violations(checkDetails, given)[0]);
  const own = given.filter(({ type }) => type === MERCURE_DETAIL);
  if (own.length === 0) return {};
  assertAccessToken(token, mercure);
  const publish: string[] = [];
  const subscribe: string[] = [];
  const details: MercureHolder["details"][number][] = [];
  for (const detail of own) {
    if (!checkDetail.Check(detail))
      throw malformed("authorization_details", violations(checkDetail, detail)[0]);
    const patterns = detail.topics.map((topic) => patternOf(topic, mercure.url));
    if (detail.actions.includes("publish")) publish.push(...patterns);
    if (!detail.actions.includes("subscribe")) continue;
    subscribe.push(...patterns);
    details.push({ topics: patterns, payload: jsonOf(detail.payload) });
  }
  if (publish.length > MAX_TOPICS || subscribe.length > MAX_TOPICS) {
    throw new InvalidToken(`the token's authorization_details have ${MAX_TOPICS} topics at most`);
  }
  for (const patterns of [publish, subscribe]) assertFewAlike(patterns);
  return {
    publish: publish.length > 0 ? publish : undefined,
    subscribe: subscribe.length > 0 ? subscribe : undefined,
    holder: { old: false, details },
  };
}

/** RFC 9068, section 4. Other tokens, such as those that tell who somebody is, grant nothing here. */
function assertAccessToken({ type = "", payload, rules }: TokenOfMercure, { url }: MercureRules): void {
  const { iss, aud, exp } = payload;
  if (type.toLowerCase().replace(/^application\//, "") !== "at+jwt")
    throw new InvalidToken("the token's typ is not at+jwt");
  if (exp === undefined) throw new InvalidToken("the token has no exp");
  if (rules.issuer === undefined) throw new InvalidToken("the hub trusts no issuer");
  if (iss !== rules.issuer) throw new InvalidToken("the token's claim iss is not what this hub expects");
  if (![aud].flat().includes(rules.audience ?? url)) {
    throw new InvalidToken("the token's claim aud is not what this hub expects");
  }
}

function patternOf(
  { match, match_type: kind = "exact" }: Static<typeof Detail>["topics"][number],
  base: string,
): string {
  if (match === "*") return match;
  if (kind !== "exact" && kind !== "urlpattern")
    throw new InvalidToken("the token has a match_type that this hub does not know");
  if (CONTROL_OR_FORMAT.test(match))
    throw new InvalidToken("the token has a topic with a control or format character");
  const pattern = matcherText(kind, match, base);
  try {
    if (isMatcherText(pattern)) matcherOf(pattern);
  } catch (error) {
    if (error instanceof PatternError || error instanceof TooComplex) {
      throw new InvalidToken(`the token has a pattern that can't be used: ${error.message}`);
    }
    throw error;
  }
  return pattern;
}

function readOldClaim(claim: unknown): MercureGrants {
  if (!checkOld.Check(claim)) throw malformed("mercure", violations(checkOld, claim)[0]);
  const publish = claim.publish?.flatMap(selectorPatterns);
  const subscribe = claim.subscribe?.flatMap(selectorPatterns);
  for (const patterns of [publish, subscribe]) assertFewAlike(patterns ?? []);
  const { payload } = claim;
  return {
    publish,
    subscribe,
    holder: { old: true, details: [{ topics: ["*"], payload: jsonOf(payload) }] },
  };
}

/** All patterns that a topic could match are tried for each of its events. */
function assertFewAlike(patterns: readonly string[]): void {
  if (TopicPatterns.of(patterns).crowd > MAX_CROWD) {
    throw new InvalidToken("too many of the token's patterns begin alike, and have the same words");
  }
}

function jsonOf(payload: unknown): string | undefined {
  return payload === undefined ? undefined : JSON.stringify(payload);
}

function malformed(claim: string, wrong?: { readonly path: string; readonly message: string }): InvalidToken {
  return new InvalidToken(`the token's claim ${claim} is wrong: ${wrong?.path}: ${wrong?.message}`);
}
