import type { Grant } from "./grant.ts";

/** The most tokens in the cache. */
const MAX_CACHED_TOKENS = 4096;
/** How long a token stays in the cache, in ms, even if it is valid for longer. */
const MAX_CACHED_MS = 60_000;

interface Known {
  readonly grant: Grant;
  readonly until: number;
}

/** The grants of tokens that were verified a moment ago, by the digests of the tokens. */
export class TokenCache {
  readonly #known = new Map<string, Known>();

  get(digest: Buffer): Grant | undefined {
    const known = this.#known.get(keyOf(digest));
    return known && Date.now() < known.until ? known.grant : undefined;
  }

  clear(): void {
    this.#known.clear();
  }

  set(digest: Buffer, grant: Grant): void {
    const key = keyOf(digest);
    this.#known.delete(key);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < MAX_CACHED_TOKENS) break;
      this.#known.delete(oldest);
    }
    const until = Math.min(Date.now() + MAX_CACHED_MS, grant.expires ?? Number.POSITIVE_INFINITY);
    this.#known.set(key, { grant, until });
  }
}

function keyOf(digest: Buffer): string {
  return digest.toString("base64");
}
