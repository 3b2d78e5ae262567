import { errors, type JWTPayload, jwtVerify } from "jose";
import { keyDigest, type VerifyingKey } from "./verifying-key.ts";

/** The default for {@link TokenRules.leeway}, in ms. */
export const DEFAULT_LEEWAY_MS = 5000;

/** A credential is not valid, or no longer valid. The message tells its sender why. */
export class InvalidToken extends Error {
  override readonly name = "InvalidToken";

  /**
   * Whether the key that the token was checked with is not the one that signed it.
   *
   * @internal
   */
  readonly isForeign: boolean;

  constructor(message: string, { isForeign = false }: { readonly isForeign?: boolean } = {}) {
    super(message);
    this.isForeign = isForeign;
  }
}

/** A token could not be verified, because the keys are not available. Its sender can try again later. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** Rules for tokens, besides a valid signature. */
export interface TokenRules {
  /**
   * The `iss` that a token must have.
   *
   * @defaultValue any, or none
   */
  readonly issuer?: string | undefined;
  /**
   * The audience that must be in `aud`.
   *
   * @defaultValue any, or none
   */
  readonly audience?: string | undefined;
  /**
   * The greatest difference between the clocks of the hub and the issuer, in milliseconds (RFC 7519,
   * sections 4.1.4 and 4.1.5).
   *
   * @defaultValue 5,000
   */
  readonly leeway?: number | undefined;
}

/** A token that has been verified. */
export interface VerifiedToken {
  readonly payload: JWTPayload;
  /** The `typ` of its header; undefined for none. */
  readonly type: string | undefined;
  /** The digest of the key that signed it. */
  readonly keyDigest: string;
}

/**
 * A JWS in its compact form (RFC 7515, section 7.1): three parts in base64url. Decoders accept spaces
 * and padding, but the standard does not.
 */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Whether the text looks like a signed token. */
export function isCompact(text: string): boolean {
  return COMPACT.test(text);
}

/**
 * Verifies a signed token (RFC 7519): its signature, `exp`, `nbf`, `iss` and `aud`.
 *
 * @throws InvalidToken with the reason
 * @throws KeysUnavailable when its key is not available
 */
export async function verifyToken(
  token: string,
  { algorithms, find }: VerifyingKey,
  { issuer, audience, leeway = DEFAULT_LEEWAY_MS }: TokenRules = {},
): Promise<VerifiedToken> {
  if (!isCompact(token)) throw new InvalidToken("the token is malformed");
  try {
    const { payload, key, protectedHeader } = await jwtVerify(token, find, {
      algorithms: [...algorithms],
      clockTolerance: leeway / 1000,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    });
    return { payload, type: protectedHeader.typ, keyDigest: keyDigest(key) };
  } catch (error) {
    if (isTokenFault(error)) throw new InvalidToken(reasonOf(error), { isForeign: isForeign(error) });
    throw new KeysUnavailable("the keys to verify tokens are not available", { cause: error });
  }
}

/** Whether the token is at fault, and not the key set or the network. */
function isTokenFault(error: unknown): error is errors.JOSEError {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== errors.JOSEError.code
  );
}

function isForeign(error: errors.JOSEError): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JWKSNoMatchingKey
  );
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "nbf" && error.reason === "check_failed"
      ? "the token is not valid yet"
      : `the token's claim ${error.claim} is not what this hub expects`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the token's signature is wrong";
  if (error instanceof errors.JOSEAlgNotAllowed)
    return "the token is signed with an algorithm that is not this hub's";
  if (error instanceof errors.JWKSNoMatchingKey)
    return "the token is signed with a key that this hub does not know";
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return "the token does not say which key it is signed with";
  return "the token is malformed";
}
