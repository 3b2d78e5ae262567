import { KeyObject } from "node:crypto";

/** What may verify a signature: a public key, or a secret. */
export type KeyMaterial = CryptoKey | KeyObject | Uint8Array;

const digests = new WeakMap<KeyMaterial, string>();

/** SHA-256, in hexadecimal, of a public key (its SubjectPublicKeyInfo) or of a secret: what a key is known by. */
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
