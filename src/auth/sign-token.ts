import { SignJWT } from "jose";
import type { Claims } from "./claims.ts";
import type { SigningKey } from "./read-key.ts";

/** The content of a token. */
export interface TokenContent {
  /** The rights that it grants. */
  readonly claims: Claims;
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

/** Signs a token for a publisher or a subscriber (RFC 7519). */
export function signToken(
  { algorithm, key, id }: SigningKey,
  { claims, subject, issuer, audience, life }: TokenContent,
): Promise<string> {
  const token = new SignJWT({ tidings: claims })
    .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(id !== undefined && { kid: id }) })
    .setIssuedAt();
  if (subject !== undefined) token.setSubject(subject);
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  if (life !== undefined) token.setExpirationTime(new Date(Date.now() + life));
  return token.sign(key);
}
