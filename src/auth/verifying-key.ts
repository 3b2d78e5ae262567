import { KeyObject } from "node:crypto";
import type { JWTVerifyGetKey } from "jose";

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;

/** The algorithms of public keys: never that of a shared secret. */
export const PUBLIC_ALGORITHMS: readonly string[] = ["RS256", "ES256", "EdDSA", "Ed25519"];

/** Finds the key for a token, and names the only algorithms that may have signed it. */
export interface VerifyingKey {
  /** The names of the algorithms (RFC 7518, section 3.1). */
  readonly algorithms: readonly string[];
  /** Finds the key for the header of a token. */
  readonly find: JWTVerifyGetKey;
  /** Whether the key with this digest is one of the current keys. */
  holds(digest: string): boolean;
  /**
   * Calls the listener whenever a key may have been withdrawn.
   *
   * @defaultValue absent: the keys never change
   */
  readonly onChange?: (listener: () => void) => void;
}

/** A text is no usable key. The message never repeats any of the text. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/**
 * The only algorithms for a key of this kind. The first one is for signing.
 *
 * @throws KeyError
 */
export function algorithmsOf(key: KeyObject | Uint8Array): readonly string[] {
  if (!(key instanceof KeyObject)) return ["HS256"];
  const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails: details } = key;
  if (type === "ed25519") return ["EdDSA", "Ed25519"];
  if (type === "ec" && details?.namedCurve === "prime256v1") return ["ES256"];
  if (type === "rsa") {
    if ((details?.modulusLength ?? 0) >= MIN_RSA_BITS) return ["RS256"];
    throw new KeyError(
      `is an RSA key of ${details?.modulusLength} bits, and RS256 takes at least ${MIN_RSA_BITS}`,
    );
  }
  throw new KeyError(`is a key of kind ${type}: give one for RS256, ES256 (P-256) or EdDSA (Ed25519)`);
}

/** A public key, or a secret. */
export type KeyMaterial = CryptoKey | KeyObject | Uint8Array;

const digests = new WeakMap<KeyMaterial, string>();

/** The SHA-256 of a public key (its SubjectPublicKeyInfo) or of a secret, in hexadecimal. It identifies a key. */
export function keyDigest(key: KeyMaterial): string {
  const known = digests.get(key);
  if (known !== undefined) return known;
  const digest = new Bun.CryptoHasher("sha256").update(bytesOf(key)).digest("hex");
  digests.set(key, digest);
  return digest;
}

function bytesOf(key: KeyMaterial): Uint8Array {
  if (key instanceof Uint8Array) return key;
  const object = key instanceof KeyObject ? key : KeyObject.from(key);
  return object.type === "secret" ? object.export() : object.export({ format: "der", type: "spki" });
}
