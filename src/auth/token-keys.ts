import { decodeJwt, decodeProtectedHeader } from "jose";
import {
  DEFAULT_LEEWAY_MS,
  InvalidToken,
  isCompact,
  KeysUnavailable,
  type TokenRules,
  type VerifiedToken,
  verifyToken,
} from "./tokens.ts";
import type { VerifyingKey } from "./verifying-key.ts";

/** What the tokens of a key may grant. */
export type TokenRight = "publish" | "subscribe";

/** A key that verifies tokens, with the rules for its tokens. */
export interface TokenKey extends VerifyingKey, TokenRules {
  /**
   * What its tokens may grant. The rest of their claims grants nothing.
   *
   * @defaultValue both
   */
  readonly grants?: readonly TokenRight[] | undefined;
}

/** A token that has been verified, and what holds for it. */
export interface SignedToken extends VerifiedToken {
  readonly rules: TokenRules;
  /** In milliseconds. */
  readonly leeway: number;
  readonly grants: ReadonlySet<TokenRight>;
}

const BOTH: readonly TokenRight[] = ["publish", "subscribe"];

/** The keys that verify a hub's tokens. A key that names an issuer is for the tokens of that issuer alone. */
export class TokenKeys {
  readonly #keys: readonly TokenKey[];

  constructor(keys: readonly TokenKey[]) {
    this.#keys = keys;
  }

  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  /** Whether the key with this digest is one of the current keys. */
  holds(digest: string): boolean {
    return this.#keys.some((key) => key.holds(digest));
  }

  /** Calls the listener whenever a key may have been withdrawn. */
  onChange(listener: () => void): void {
    for (const key of this.#keys) key.onChange?.(listener);
  }

  /**
   * Verifies a token with each key that may have signed it.
   *
   * @throws InvalidToken with the reason
   * @throws KeysUnavailable when a key is not available, and no other fits
   */
  async verify(token: string): Promise<SignedToken> {
    const keys = this.#keysFor(token);
    const results = await Promise.allSettled(keys.map((key) => verifyToken(token, key, key)));
    let signed: SignedToken | undefined;
    const failures: unknown[] = [];
    for (const [i, result] of results.entries()) {
      if (result.status === "rejected") {
        failures.push(result.reason);
        continue;
      }
      const { leeway = DEFAULT_LEEWAY_MS, grants = BOTH, ...rules } = keys[i] ?? {};
      signed ??= { ...result.value, rules, leeway, grants: new Set() };
      // One secret may stand for two keys.
      signed = { ...signed, grants: new Set([...signed.grants, ...grants]) };
    }
    if (signed) return signed;
    throw failures.find((failure) => failure instanceof KeysUnavailable) ?? mostTelling(failures);
  }

  /** @throws InvalidToken when there is none */
  #keysFor(token: string): readonly TokenKey[] {
    const { alg, iss } = read(token);
    const named = this.#keys.filter(({ issuer }) => issuer !== undefined && issuer === iss);
    const own = named.length > 0 ? named : this.#keys.filter(({ issuer }) => issuer === undefined);
    if (own.length === 0) throw new InvalidToken("the token's claim iss is not what this hub expects");
    const fitting = own.filter(({ algorithms }) => algorithms.includes(alg));
    return fitting.length > 0 ? fitting : own;
  }
}

/** What a token says of itself, before anything of it is verified. */
function read(token: string): { readonly alg: string; readonly iss: string | undefined } {
  if (!isCompact(token)) throw new InvalidToken("the token is malformed");
  try {
    const { alg = "" } = decodeProtectedHeader(token);
    return { alg, iss: decodeJwt(token).iss };
  } catch {
    throw new InvalidToken("the token is malformed");
  }
}

/** A token that one key signed and that has expired is not told of the signature that others miss. */
function mostTelling(failures: readonly unknown[]): unknown {
  const isOther = (failure: unknown) => !(failure instanceof InvalidToken && failure.isForeign);
  return failures.find(isOther) ?? failures[0];
}
