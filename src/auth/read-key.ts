import { createPrivateKey, createPublicKey, KeyObject, X509Certificate } from "node:crypto";
import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { isKeySet, readKeySet } from "./key-set.ts";
import { algorithmsOf, KeyError, keyDigest, type VerifyingKey } from "./verifying-key.ts";

/** RFC 7518, section 3.2: a key for HS256 has at least as many bits as its hash. */
const MIN_SECRET_BYTES = 32;
/** A key to sign with. */
export interface SigningKey {
  readonly algorithm: string;
  readonly key: KeyObject | Uint8Array;
  /** A JWK's own name, by which it is found in a set. */
  readonly id: string | undefined;
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

/**
 * A key to verify tokens with: a secret, a public key or a certificate in PEM, a JWK, or a JWK
 * set of public keys. What the key is says which algorithms it is for, whatever a token claims,
 * so that a public key is never taken for a secret.
 *
 * @throws KeyError
 */
export function readVerifyingKey(text: string): VerifyingKey {
  const json = readJson(text);
  if (isKeySet(json)) {
    for (const jwk of json.keys) {
      if (jwkCheck.Check(jwk) && (jwk.kty === "oct" || jwk.d !== undefined)) throw isSecret();
    }
    const set = readKeySet(json);
    if (set.unusable === json.keys.length) throw new KeyError("is a JWK set without a key that can be used");
    return set;
  }
  return single(json === undefined ? readPublic(text) : readJwk(json, createPublicKey));
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
  return single(key instanceof KeyObject ? createPublicKey(key) : key);
}

function single(key: KeyObject | Uint8Array): VerifyingKey {
  const digest = keyDigest(key);
  return { algorithms: algorithmsOf(key), find: () => key, holds: (wanted) => wanted === digest };
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
