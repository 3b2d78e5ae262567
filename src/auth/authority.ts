import { timingSafeEqual } from "node:crypto";
import { readClaims } from "./claims.ts";
import type { Credential, Grant } from "./grant.ts";
import { TokenCache } from "./token-cache.ts";
import { DEFAULT_LEEWAY_MS, InvalidToken, isCompact, type TokenRules, verifyToken } from "./tokens.ts";
import type { VerifyingKey } from "./verifying-key.ts";

/** How long a credential may be, in characters, which are all ASCII. */
export const DEFAULT_MAX_TOKEN = 8192;

const ALL = ["*"];

/** The keys of a hub, and how it checks tokens. */
export interface AuthorityKeys {
  /** Whoever shows one of these may publish everything. */
  readonly publishKeys?: readonly string[];
  /** Whoever shows one of these may do everything. */
  readonly adminKeys?: readonly string[];
  /** What tokens are verified with; without it there are none. */
  readonly tokens?: (VerifyingKey & TokenRules) | undefined;
}

/** What an authority goes by. */
export interface AuthorityOptions extends AuthorityKeys {
  /** How long a credential may be, in characters; 8,192 by default. */
  readonly maxToken?: number;
  /** Whether subscribers need a token. */
  readonly private?: boolean;
}

/** The keys in force. */
interface InForce {
  readonly publishKeys: StaticKeys;
  readonly adminKeys: StaticKeys;
  readonly tokens: (VerifyingKey & TokenRules) | undefined;
}

/** A key that has been used, and what ends all that rests on it. */
interface Used {
  readonly credential: Credential;
  /** Of the key itself. */
  readonly digest: Buffer;
  readonly withdraw: AbortController;
}

/**
 * Says what a credential grants: a publisher's key, an administrator's, or a signed token.
 *
 * @example
 * ```ts
 * import { Authority, readVerifyingKey } from "tidings";
 * const text = await Bun.file("public.pem").text();
 * const tokens = { ...readVerifyingKey(text), issuer: "https://id.example.org" };
 * const authority = new Authority({ tokens, private: true });
 * ```
 */
export class Authority {
  /** What is granted without a credential. */
  readonly nobody: Grant;
  readonly #maxToken: number;
  readonly #cache = new TokenCache();
  readonly #used = new Map<string, Used>();
  #keys: InForce;

  constructor({ maxToken = DEFAULT_MAX_TOKEN, private: hidden = false, ...keys }: AuthorityOptions) {
    this.#maxToken = maxToken;
    this.nobody = { anonymous: true, subscribe: hidden ? [] : ALL, privateTopics: [] };
    this.#keys = this.#inForce(keys);
  }

  /**
   * Puts other keys in the place of those there were. What rests on a key that is not among them ends:
   * its {@link Credential.withdrawn} fires.
   */
  replaceKeys(keys: AuthorityKeys): void {
    this.#keys = this.#inForce(keys);
    this.#endWithdrawn();
  }

  /**
   * What the credential grants, at once if it is a key or was shown before.
   *
   * @throws InvalidToken when it is not, or no longer, good; KeysUnavailable when that can't be told.
   */
  grant(credential: string): Grant | Promise<Grant> {
    if (credential.length > this.#maxToken) {
      throw new InvalidToken(`a token here is ${this.#maxToken} characters at most`);
    }
    const { adminKeys, publishKeys } = this.#keys;
    const digest = digestOf(credential);
    if (adminKeys.has(digest)) {
      const everything = { publish: { topics: ALL }, subscribe: ALL, privateTopics: ALL, admin: true };
      return { subject: "admin", ...this.#keyHolder("admin-key", digest), ...everything };
    }
    if (publishKeys.has(digest)) {
      const holder = this.#keyHolder("publish-key", digest);
      const subject = `key:${holder.credential.name}`;
      return {
        subject,
        ...holder,
        publish: { topics: ALL },
        subscribe: this.nobody.subscribe,
        privateTopics: [],
      };
    }
    return this.#cache.get(digest) ?? this.#verify(credential, digest);
  }

  async #verify(token: string, digest: Buffer): Promise<Grant> {
    const { tokens } = this.#keys;
    if (!tokens) throw new InvalidToken("the key is none of this hub's");
    if (!isCompact(token)) throw new InvalidToken("the key is none of this hub's, and no token either");
    const { payload, keyDigest } = await verifyToken(token, tokens, tokens);
    const { publish, subscribe = [] } = readClaims(payload);
    // The keys may have changed since.
    if (!this.#keys.tokens?.holds(keyDigest)) throw new InvalidToken("the token's key has been withdrawn");
    const { iss, sub, exp } = payload;
    const subject = typeof sub === "string" ? sub : undefined;
    const grant: Grant = {
      subject,
      account: subject === undefined ? undefined : `token ${JSON.stringify([iss ?? null, subject])}`,
      credential: this.#credential("token-key", Buffer.from(keyDigest, "hex")),
      publish,
      subscribe: this.nobody.subscribe.length > 0 ? this.nobody.subscribe : subscribe,
      privateTopics: subscribe,
      // So long is it taken.
      expires: exp === undefined ? undefined : exp * 1000 + (tokens.leeway ?? DEFAULT_LEEWAY_MS),
    };
    this.#cache.set(digest, grant);
    return grant;
  }

  #inForce({ publishKeys = [], adminKeys = [], tokens }: AuthorityKeys): InForce {
    tokens?.onChange?.(this.#endWithdrawn);
    return { publishKeys: new StaticKeys(publishKeys), adminKeys: new StaticKeys(adminKeys), tokens };
  }

  #keyHolder(kind: "admin-key" | "publish-key", digest: Buffer) {
    const credential = this.#credential(kind, digest);
    return { account: `${kind} ${credential.name}`, credential };
  }

  #credential(kind: Credential["kind"], digest: Buffer): Credential {
    const name = digest.toString("hex", 0, 4);
    const id = `${kind} ${digest.toString("base64")}`;
    const known = this.#used.get(id);
    if (known) return known.credential;
    const withdraw = new AbortController();
    const credential: Credential = { kind, name, withdrawn: withdraw.signal };
    this.#used.set(id, { credential, digest, withdraw });
    return credential;
  }

  readonly #endWithdrawn = (): void => {
    // What was found good may have been so by a key that is gone.
    this.#cache.clear();
    for (const [id, used] of this.#used) {
      if (this.#holds(used)) continue;
      this.#used.delete(id);
      used.withdraw.abort();
    }
  };

  #holds({ credential: { kind }, digest }: Used): boolean {
    const { adminKeys, publishKeys, tokens } = this.#keys;
    if (kind === "admin-key") return adminKeys.has(digest);
    if (kind === "publish-key") return publishKeys.has(digest);
    return tokens?.holds(digest.toString("hex")) ?? false;
  }
}

/** SHA-256 of a credential: what is kept of a key, and what a token is remembered by. */
export function digestOf(credential: string): Buffer {
  return new Bun.CryptoHasher("sha256").update(credential).digest();
}

/** Keys that were handed out, of which only the digests are kept. */
export class StaticKeys {
  readonly #digests: readonly Buffer[];

  constructor(keys: Iterable<string>) {
    this.#digests = Array.from(new Set(keys), digestOf);
  }

  /** Whether one of the keys has this digest. How long it takes says nothing about which, or how nearly. */
  has(digest: Buffer): boolean {
    let found = false;
    for (const known of this.#digests) found = timingSafeEqual(known, digest) || found;
    return found;
  }
}
