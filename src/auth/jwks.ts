import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import type { Logger } from "../broker/logger.ts";
import { PUBLIC_ALGORITHMS, type VerifyingKey } from "./jwt-key.ts";

/** How long a set is used before a newer one is asked for, in ms. */
const REFRESH = 5 * 60_000;
/** An unknown key asks for a newer set at most this often, in ms, whatever tokens name. */
const COOLDOWN = 10_000;
/** How long the keys' server may take, in ms. */
const TIMEOUT = 3000;

/**
 * Keys that are published at a URL as a JWK set (RFC 7517, section 5).
 *
 * A key that is not among them yet makes it look again, and old ones are forgotten at the next
 * refresh. That happens in the background: while the keys' server is away, the hub goes on with
 * the keys it has.
 */
export function remoteKeys(url: URL, logger: Logger): VerifyingKey {
  const keys = createRemoteJWKSet(url, {
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: COOLDOWN,
    timeoutDuration: TIMEOUT,
  });
  let refreshAt = performance.now() + REFRESH;
  const find: JWTVerifyGetKey = (header, token) => {
    if (performance.now() >= refreshAt) {
      refreshAt = performance.now() + REFRESH;
      keys
        .reload()
        .catch((error: unknown) => logger.warn({ url: url.href, error }, "no newer keys to be had"));
    }
    return keys(header, token);
  };
  return { algorithms: PUBLIC_ALGORITHMS, find };
}
