import { readClaims } from "./claims.ts";
import type { Grant } from "./grant.ts";
import { InvalidToken } from "./invalid-token.ts";
import type { VerifyingKey } from "./jwt-key.ts";
import { digestOf, StaticKeys } from "./static-keys.ts";
import { TokenCache } from "./token-cache.ts";
import { isCompact, type TokenRules, verifyToken } from "./tokens.ts";

/** How long a credential may be, in characters, which are all ASCII. */
export const DEFAULT_MAX_TOKEN = 8192;

const ALL = ["*"];

/** The keys of a hub, and how it checks tokens. */
export interface AuthorityOptions {
  /** Whoever shows one of these may publish everything. */
  readonly publishKeys?: readonly string[];
  /** Whoever shows one of these may do everything. */
  readonly adminKeys?: readonly string[];
  /** What tokens are verified with; without it there are none. */
  readonly tokens?: (VerifyingKey & TokenRules) | undefined;
  /** How long a credential may be, in characters; 8,192 by default. */
  readonly maxToken?: number;
  /** Whether subscribers need a token. */
  readonly private?: boolean;
}

/** Says what a credential grants: a publisher's key, an administrator's, or a signed token. */
export class Authority {
  /** What is granted without a credential. */
  readonly nobody: Grant;
  readonly #publishKeys: StaticKeys;
  readonly #adminKeys: StaticKeys;
  readonly #tokens: (VerifyingKey & TokenRules) | undefined;
  readonly #maxToken: number;
  readonly #cache = new TokenCache();

  constructor({
    publishKeys = [],
    adminKeys = [],
    tokens,
    maxToken = DEFAULT_MAX_TOKEN,
    private: hidden = false,
  }: AuthorityOptions) {
    this.#maxToken = maxToken;
    this.#publishKeys = new StaticKeys(publishKeys);
    this.#adminKeys = new StaticKeys(adminKeys);
    this.#tokens = tokens;
    this.nobody = { anonymous: true, subscribe: hidden ? [] : ALL, privateTopics: [] };
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
    const digest = digestOf(credential);
    if (this.#adminKeys.has(digest)) {
      return { subject: "admin", publish: { topics: ALL }, subscribe: ALL, privateTopics: ALL, admin: true };
    }
    if (this.#publishKeys.has(digest)) {
      const subject = `key:${digest.toString("hex", 0, 4)}`;
      return { subject, publish: { topics: ALL }, subscribe: this.nobody.subscribe, privateTopics: [] };
    }
    return this.#cache.get(digest) ?? this.#verify(credential, digest);
  }

  async #verify(token: string, digest: Buffer): Promise<Grant> {
    if (!this.#tokens) throw new InvalidToken("the key is none of this hub's");
    if (!isCompact(token)) throw new InvalidToken("the key is none of this hub's, and no token either");
    const payload = await verifyToken(token, this.#tokens, this.#tokens);
    const { publish, subscribe = [] } = readClaims(payload);
    const grant: Grant = {
      subject: typeof payload.sub === "string" ? payload.sub : undefined,
      publish,
      subscribe: this.nobody.subscribe.length > 0 ? this.nobody.subscribe : subscribe,
      privateTopics: subscribe,
      expires: payload.exp === undefined ? undefined : payload.exp * 1000,
    };
    this.#cache.set(digest, grant);
    return grant;
  }
}
