import { timingSafeEqual } from "node:crypto";

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
