import { timingSafeEqual } from "node:crypto";
import { readClaims } from "./claims.ts";
import type { Credential, Grant } from "./grant.ts";
import { type MercureRules, readMercureClaims } from "./mercure-claims.ts";
import { TokenCache } from "./token-cache.ts";
import { type TokenKey, TokenKeys } from "./token-keys.ts";
import { InvalidToken, isCompact } from "./tokens.ts";

/** The greatest length of a credential, in characters. */
export const DEFAULT_MAX_TOKEN = 8192;

const ALL = ["*"];

/** The keys of a hub, and the rules for its tokens. */
export interface AuthorityKeys {
  /**
   * Keys that grant to publish everything.
   *
   * @defaultValue none
   */
  readonly publishKeys?: readonly string[];
  /**
   * Keys that grant everything.
   *
   * @defaultValue none
   */
  readonly adminKeys?: readonly string[];
  /**
   * The key that verifies tokens, with the rules for them; or several keys. A key that names an issuer
   * is for the tokens of that issuer alone, and a key that names none for the others.
   *
   * @defaultValue none: the authority takes no tokens
   */
  readonly tokens?: TokenKey | readonly TokenKey[] | undefined;
}

/** Options of an {@link Authority}. */
export interface AuthorityOptions extends AuthorityKeys {
  /**
   * The greatest length of a key or token, in characters.
   *
   * @defaultValue 8,192
   */
  readonly maxToken?: number;
  /**
   * The rules for tokens of the Mercure protocol.
   *
   * @defaultValue none: such tokens grant nothing
   */
  readonly mercure?: MercureRules | undefined;
  /**
   * Whether subscribers need a token.
   *
   * @defaultValue false
   */
  readonly private?: boolean;
}

/** The keys in use. */
interface InForce {
  readonly publishKeys: StaticKeys;
  readonly adminKeys: StaticKeys;
  readonly tokens: TokenKeys;
}

/** A key that was used. When it is withdrawn, everything that it granted ends. */
interface Used {
  readonly credential: Credential;
  /** The digest of the key. */
  readonly digest: Buffer;
  readonly withdraw: AbortController;
}

/**
 * Decides what a credential grants: a key of a publisher or an administrator, or a signed token.
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
  /** The grant of a request without a credential. */
  readonly nobody: Grant;
  readonly #maxToken: number;
  readonly #mercure: MercureRules | undefined;
  readonly #cache = new TokenCache();
  readonly #used = new Map<string, Used>();
  #keys: InForce;

  constructor({ maxToken = DEFAULT_MAX_TOKEN, private: hidden = false, mercure, ...keys }: AuthorityOptions) {
    this.#mercure = mercure;
    this.#maxToken = maxToken;
    this.nobody = { anonymous: true, subscribe: hidden ? [] : ALL, privateTopics: [] };
    this.#keys = this.#inForce(keys);
  }

  /**
   * Replaces all keys. A key that is not among the new ones is withdrawn: its
   * {@link Credential.withdrawn} aborts.
   */
  replaceKeys(keys: AuthorityKeys): void {
    this.#keys = this.#inForce(keys);
    this.#endWithdrawn();
  }

  /**
   * The grant of a credential. It is no promise if the credential is a key, or a token that was verified
   * a moment ago.
   *
   * @throws InvalidToken when the credential is not valid, or no longer valid
   * @throws KeysUnavailable when the keys to verify it are not available
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
    if (tokens.isEmpty) throw new InvalidToken("the key is none of this hub's");
    if (!isCompact(token)) throw new InvalidToken("the key is none of this hub's, and no token either");
    const signed = await tokens.verify(token);
    const { payload, keyDigest, grants, leeway } = signed;
    const claims = readClaims(payload);
    const mercure = this.#mercure ? readMercureClaims(signed, this.#mercure) : {};
    const publish = mercure.publish ? { topics: mercure.publish } : claims.publish;
    const maySubscribe = grants.has("subscribe");
    const subscribe = maySubscribe ? [...(claims.subscribe ?? []), ...(mercure.subscribe ?? [])] : [];
    // The keys may have changed during the verification.
    if (!this.#keys.tokens.holds(keyDigest)) throw new InvalidToken("the token's key has been withdrawn");
    const { iss, sub, exp } = payload;
    const subject = typeof sub === "string" ? sub : undefined;
    const grant: Grant = {
      subject,
      account: subject === undefined ? undefined : `token ${JSON.stringify([iss ?? null, subject])}`,
      credential: this.#credential("token-key", Buffer.from(keyDigest, "hex")),
      publish: grants.has("publish") ? publish : undefined,
      subscribe: this.nobody.subscribe.length > 0 ? this.nobody.subscribe : subscribe,
      privateTopics: subscribe,
      presence: maySubscribe ? claims.presence : undefined,
      mercure: mercure.holder,
      // Nobody reads by a token of that protocol after its end, whatever the clocks say ("Subscribers").
      expires: exp === undefined ? undefined : exp * 1000 + (mercure.holder ? 0 : leeway),
    };
    this.#cache.set(digest, grant);
    return grant;
  }

  #inForce({ publishKeys = [], adminKeys = [], tokens }: AuthorityKeys): InForce {
    const keys = new TokenKeys(tokens === undefined ? [] : [tokens].flat());
    keys.onChange(this.#endWithdrawn);
    return { publishKeys: new StaticKeys(publishKeys), adminKeys: new StaticKeys(adminKeys), tokens: keys };
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
    // A cached token may have been verified with a key that is withdrawn now.
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
    return tokens.holds(digest.toString("hex"));
  }
}

/** SHA-256 of a credential. Keys and cached tokens are kept as digests only. */
function digestOf(credential: string): Buffer {
  return new Bun.CryptoHasher("sha256").update(credential).digest();
}

/** A list of keys, of which only the digests are kept. */
class StaticKeys {
  readonly #digests: readonly Buffer[];

  constructor(keys: Iterable<string>) {
    this.#digests = Array.from(new Set(keys), digestOf);
  }

  /** Whether one of the keys has this digest. The time that it takes discloses nothing about the keys. */
  has(digest: Buffer): boolean {
    let found = false;
    for (const known of this.#digests) found = timingSafeEqual(known, digest) || found;
    return found;
  }
}
