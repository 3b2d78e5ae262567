import { createPublicKey, type KeyObject } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { createLocalJWKSet, type JWK } from "jose";
import { algorithmsOf, keyDigest, PUBLIC_ALGORITHMS, type VerifyingKey } from "./verifying-key.ts";

/** A JWK set (RFC 7517, section 5). Each of its keys is checked separately. */
const JwkSet = Type.Object({ keys: Type.Array(Type.Unknown()) });
const setCheck = TypeCompiler.Compile(JwkSet);
const jwkCheck = TypeCompiler.Compile(Type.Object({ kty: Type.String(), d: Type.Optional(Type.String()) }));

/** The public keys of a JWK set. */
export interface KeySet extends VerifyingKey {
  /** How many keys of the set can't be used. They are ignored, as section 5 says. */
  readonly unusable: number;
}

/** Whether the JSON is a JWK set, whatever its keys are. */
export function isKeySet(json: unknown): json is Static<typeof JwkSet> {
  return setCheck.Check(json);
}

/** Takes the keys of a set that can verify tokens, and counts the others. */
export function readKeySet({ keys }: Static<typeof JwkSet>): KeySet {
  const usable: JWK[] = [];
  const digests = new Set<string>();
  for (const jwk of keys) {
    const key = readPublicKey(jwk);
    if (!key) continue;
    // node:crypto has read it, so it is a JWK.
    usable.push(jwk as JWK);
    digests.add(keyDigest(key));
  }
  return {
    algorithms: PUBLIC_ALGORITHMS,
    find: createLocalJWKSet({ keys: usable }),
    holds: (digest) => digests.has(digest),
    unusable: keys.length - usable.length,
  };
}

/** Reads a key; undefined unless it is a public key for one of the algorithms. */
function readPublicKey(jwk: unknown): KeyObject | undefined {
  if (!jwkCheck.Check(jwk) || jwk.d !== undefined) return undefined;
  try {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    algorithmsOf(key);
    return key;
  } catch {
    return undefined;
  }
}
