import type { Grant } from "./grant.ts";

/** How many tokens are remembered. */
const MOST = 4096;
/**
 * How long one is, in ms, however long it is valid: so long does a token live that is signed with
 * a key that has been withdrawn.
 */
const LONGEST = 60_000;

interface Known {
  readonly grant: Grant;
  readonly until: number;
}

/** What tokens grant that were found good a moment ago, by their digests. */
export class TokenCache {
  readonly #known = new Map<string, Known>();

  get(digest: Buffer): Grant | undefined {
    const known = this.#known.get(keyOf(digest));
    return known && Date.now() < known.until ? known.grant : undefined;
  }

  set(digest: Buffer, grant: Grant): void {
    const key = keyOf(digest);
    this.#known.delete(key);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < MOST) break;
      this.#known.delete(oldest);
    }
    const until = Math.min(Date.now() + LONGEST, grant.expires ?? Number.POSITIVE_INFINITY);
    this.#known.set(key, { grant, until });
  }
}

function keyOf(digest: Buffer): string {
  return digest.toString("base64");
}
