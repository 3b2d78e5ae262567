import { createPrivateKey, createPublicKey, KeyObject, X509Certificate } from "node:crypto";
import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { createLocalJWKSet, type JWTVerifyGetKey } from "jose";

/** RFC 7518, section 3.2: a key for HS256 has at least as many bits as its hash. */
const MIN_SECRET_BYTES = 32;
/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;

/** The algorithms of keys that are published: never those of a shared secret. */
export const PUBLIC_ALGORITHMS: readonly string[] = ["RS256", "ES256", "EdDSA", "Ed25519"];

/** Finds the key for a token, and says with which algorithms alone the token may be signed. */
export interface VerifyingKey {
  readonly algorithms: readonly string[];
  readonly find: JWTVerifyGetKey;
}

/** A key to sign with. */
export interface SigningKey {
  readonly algorithm: string;
  readonly key: KeyObject | Uint8Array;
  /** A JWK's own name, by which it is found in a set. */
  readonly id: string | undefined;
}

/** The text is no key that can be used. The message never repeats any of it. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/** JSON Web Keys (RFC 7517), in so far as they are told apart here. */
const Jwk = Type.Object({
  kty: Type.String(),
  kid: Type.Optional(Type.String()),
  /** A secret's bytes. */
  k: Type.Optional(Type.String()),
  /** What makes a key a private one. */
  d: Type.Optional(Type.String()),
});
const jwkCheck = TypeCompiler.Compile(Jwk);
const setCheck = TypeCompiler.Compile(Type.Object({ keys: Type.Array(Jwk, { minItems: 1 }) }));

/**
 * A key to verify tokens with: a secret, a public key or a certificate in PEM, a JWK, or a JWK
 * set of public keys. What the key is says which algorithms it is for, whatever a token claims,
 * so that a public key is never taken for a secret.
 *
 * @throws KeyError
 */
export function readVerifyingKey(text: string): VerifyingKey {
  const json = readJson(text);
  if (setCheck.Check(json)) {
    for (const jwk of json.keys) if (jwk.kty === "oct" || jwk.d !== undefined) throw isSecret();
    return { algorithms: PUBLIC_ALGORITHMS, find: createLocalJWKSet(json) };
  }
  const key = json === undefined ? readPublic(text) : readJwk(json, createPublicKey);
  return { algorithms: algorithmsOf(key), find: () => key };
}

/**
 * A key to sign tokens with: a secret, a private key in PEM, or a private JWK.
 *
 * @throws KeyError
 */
export function readSigningKey(text: string): SigningKey {
  const json = readJson(text);
  const key = json === undefined ? readPrivate(text) : readJwk(json, createPrivateKey);
  const [algorithm = ""] = algorithmsOf(key);
  return { algorithm, key, id: jwkCheck.Check(json) ? json.kid : undefined };
}

/** What verifies the tokens that the key signs. */
export function verifyingKeyOf({ key }: SigningKey): VerifyingKey {
  const half = key instanceof KeyObject ? createPublicKey(key) : key;
  return { algorithms: algorithmsOf(half), find: () => half };
}

function readJson(text: string): unknown {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new KeyError("begins like a JWK, but is not JSON");
  }
}

function readJwk(json: unknown, create: typeof createPublicKey | typeof createPrivateKey) {
  if (!jwkCheck.Check(json)) throw new KeyError("is neither a JWK nor a JWK set");
  if (json.kty === "oct") return longEnough(Buffer.from(json.k ?? "", "base64url"));
  if (create === createPublicKey && json.d !== undefined) throw isSecret();
  return attempt(() => create({ key: json, format: "jwk" }), create);
}

function readPublic(text: string): KeyObject | Uint8Array {
  if (!isPem(text)) return readSecret(text);
  if (text.includes(" PRIVATE KEY-----")) throw isSecret();
  const isCertificate = text.includes("-----BEGIN CERTIFICATE-----");
  return attempt(
    () => (isCertificate ? new X509Certificate(text).publicKey : createPublicKey(text)),
    createPublicKey,
  );
}

function readPrivate(text: string): KeyObject | Uint8Array {
  return isPem(text) ? attempt(() => createPrivateKey(text), createPrivateKey) : readSecret(text);
}

function attempt(read: () => KeyObject, wanted: typeof createPublicKey | typeof createPrivateKey): KeyObject {
  try {
    return read();
  } catch {
    const kind = wanted === createPublicKey ? "public key" : "private key without a passphrase";
    throw new KeyError(`is no ${kind}, neither in PEM nor as a JWK`);
  }
}

function isPem(text: string): boolean {
  return text.trimStart().startsWith("-----BEGIN ");
}

function readSecret(text: string): Uint8Array {
  // The line end that editors and echo leave is not part of it.
  return longEnough(new TextEncoder().encode(text.replace(/\r?\n$/, "")));
}

function longEnough(secret: Uint8Array): Uint8Array {
  if (secret.length >= MIN_SECRET_BYTES) return secret;
  throw new KeyError(
    `is a secret of ${secret.length} bytes, and HS256 takes at least ${MIN_SECRET_BYTES}: openssl rand -base64 48 makes one`,
  );
}

function isSecret(): KeyError {
  return new KeyError("holds a private key: give the hub the public one, which is all it needs");
}

/** The only algorithms for a key of this kind, the one to sign with first. */
function algorithmsOf(key: KeyObject | Uint8Array): readonly string[] {
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
