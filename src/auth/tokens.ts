import { errors, type JWTPayload, jwtVerify } from "jose";
import { keyDigest, type VerifyingKey } from "./verifying-key.ts";

/** By how much the clocks of who signs tokens and who checks them may differ, in ms, unless it is told. */
export const DEFAULT_LEEWAY_MS = 5000;

/** The credential is not, or no longer, good. The message says why, for the one who showed it. */
export class InvalidToken extends Error {
  override readonly name = "InvalidToken";
}

/** The token could not be checked, through no fault of the one who showed it. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** What every token must say besides being signed. */
export interface TokenRules {
  /** The `iss` it must have. */
  readonly issuer?: string | undefined;
  /** What must be among its `aud`. */
  readonly audience?: string | undefined;
  /**
   * How far the hub's clock and the issuer's may be apart, in ms (RFC 7519, sections 4.1.4 and 4.1.5).
   * @defaultValue 5000
   */
  readonly leeway?: number | undefined;
}

/** A token that has been found good. */
export interface VerifiedToken {
  readonly payload: JWTPayload;
  /** The digest of the key that it is signed with. */
  readonly keyDigest: string;
}

/**
 * A JWS in its compact form (RFC 7515, section 7.1): parts in base64url. Decoders let spaces and
 * padding pass, which the standard does not.
 */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Whether the text looks like a signed token. */
export function isCompact(text: string): boolean {
  return COMPACT.test(text);
}

/**
 * What a signed token says (RFC 7519), once its signature, `exp`, `nbf`, `iss` and `aud` have been
 * found good.
 *
 * @throws InvalidToken saying what is wrong with it; KeysUnavailable when its key can't be had.
 */
export async function verifyToken(
  token: string,
  { algorithms, find }: VerifyingKey,
  { issuer, audience, leeway = DEFAULT_LEEWAY_MS }: TokenRules = {},
): Promise<VerifiedToken> {
  if (!isCompact(token)) throw new InvalidToken("the token is malformed");
  try {
    const { payload, key } = await jwtVerify(token, find, {
      algorithms: [...algorithms],
      clockTolerance: leeway / 1000,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    });
    return { payload, keyDigest: keyDigest(key) };
  } catch (error) {
    if (isOfTheToken(error)) throw new InvalidToken(reasonOf(error));
    throw new KeysUnavailable("the keys to check tokens with can't be had", { cause: error });
  }
}

/** Errors of the key set and of the network are nothing its bearer could mend. */
function isOfTheToken(error: unknown): error is errors.JOSEError {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== errors.JOSEError.code
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
