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
  /** The `kid` of a JWK. */
  readonly id: string | undefined;
}

/** The members of a JSON Web Key (RFC 7517) that are used here. */
const Jwk = Type.Object({
  kty: Type.String(),
  kid: Type.Optional(Type.String()),
  /** The bytes of a secret. */
  k: Type.Optional(Type.String()),
  /** Only private keys have it. */
  d: Type.Optional(Type.String()),
});
const jwkCheck = TypeCompiler.Compile(Jwk);

/**
 * Reads a key that verifies tokens: a secret, a public key or a certificate in PEM, a JWK, or a JWK set
 * of public keys. The kind of the key decides the algorithms, whatever a token claims. So a public key
 * is never used as a secret.
 *
 * @example
 * ```ts
 * import { readVerifyingKey } from "tidings";
 * const key = readVerifyingKey(await Bun.file("public.pem").text());
 * ```
 *
 * @throws KeyError when the text is no usable key, or holds a private key
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
 * Reads a key that signs tokens: a secret, a private key in PEM, or a private JWK.
 *
 * @throws KeyError
 */
export function readSigningKey(text: string): SigningKey {
  const json = readJson(text);
  const key = json === undefined ? readPrivate(text) : readJwk(json, createPrivateKey);
  const [algorithm = ""] = algorithmsOf(key);
  return { algorithm, key, id: jwkCheck.Check(json) ? json.kid : undefined };
}

/** The key that verifies what the given key signs. */
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
  // Editors and `echo` add a line end, which is not part of the secret.
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
