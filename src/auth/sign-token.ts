import { type JWTPayload, SignJWT } from "jose";
import type { Claims } from "./claims.ts";
import { MERCURE_DETAIL, type MercureTopic } from "./mercure-claims.ts";
import type { SigningKey } from "./read-key.ts";

/** The content of a token, whatever it grants. */
interface CommonContent {
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /**
   * How long it is valid, in milliseconds.
   *
   * @defaultValue for ever
   */
  readonly life?: number | undefined;
}

/** The content of a token. */
export interface TokenContent extends CommonContent {
  /** The rights that it grants. */
  readonly claims: Claims;
}

/** The content of an access token for the Mercure protocol. */
export interface MercureContent extends CommonContent {
  readonly publish: readonly MercureTopic[];
  readonly subscribe: readonly MercureTopic[];
  readonly issuer: string;
  readonly audience: string;
  readonly life: number;
}

/** The content of a token for the Mercure protocol before version 1. */
export interface OldMercureContent extends CommonContent {
  /** Topics, or URI templates. */
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Signs a token for a publisher or a subscriber (RFC 7519). */
export function signToken(key: SigningKey, { claims, ...common }: TokenContent): Promise<string> {
  return signed(key, "JWT", { tidings: claims }, common);
}

/** Signs an access token (RFC 9068) with `authorization_details` of the Mercure protocol. */
export function signMercureToken(
  key: SigningKey,
  { publish, subscribe, issuer, ...common }: MercureContent,
): Promise<string> {
  const detail = (action: string, topics: readonly MercureTopic[]) =>
    topics.length > 0 ? [{ type: MERCURE_DETAIL, actions: [action], topics }] : [];
  const payload = {
    client_id: issuer,
    jti: `urn:uuid:${crypto.randomUUID()}`,
    authorization_details: [...detail("publish", publish), ...detail("subscribe", subscribe)],
  };
  const subject = common.subject ?? `urn:uuid:${crypto.randomUUID()}`;
  return signed(key, "at+jwt", payload, { ...common, subject, issuer });
}

/** Signs a token of the Mercure protocol before version 1, with the claim `mercure`. */
export function signOldMercureToken(
  key: SigningKey,
  { publish, subscribe, ...common }: OldMercureContent,
): Promise<string> {
  return signed(key, "JWT", { mercure: { publish: [...publish], subscribe: [...subscribe] } }, common);
}

function signed(
  { algorithm, key, id }: SigningKey,
  type: string,
  payload: JWTPayload,
  { subject, issuer, audience, life }: CommonContent,
): Promise<string> {
  const token = new SignJWT(payload)
    .setProtectedHeader({ alg: algorithm, typ: type, ...(id !== undefined && { kid: id }) })
    .setIssuedAt();
  if (subject !== undefined) token.setSubject(subject);
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  if (life !== undefined) token.setExpirationTime(new Date(Date.now() + life));
  return token.sign(key);
}
