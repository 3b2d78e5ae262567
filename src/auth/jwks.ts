import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import { type Logger, silent } from "../logger.ts";
import { PUBLIC_ALGORITHMS, type VerifyingKey } from "./jwt-key.ts";

/** How the keys at a URL are kept up to date, in ms. */
export interface RemoteKeysTimes {
  /** How long a set is used before a newer one is asked for. */
  readonly refresh: number;
  /** An unknown key asks for a newer set at most this often, whatever tokens name. */
  readonly cooldown: number;
  /** How long the keys' server may take. */
  readonly timeout: number;
}

const TIMES: RemoteKeysTimes = { refresh: 5 * 60_000, cooldown: 10_000, timeout: 3000 };

/**
 * Keys that are published at a URL as a JWK set (RFC 7517, section 5).
 *
 * A key that is not among them yet makes it look again, and old ones are forgotten at the next
 * refresh. That happens in the background: while the keys' server is away, the hub goes on with
 * the keys it has.
 */
export function remoteKeys(url: URL, logger: Logger = silent, times: RemoteKeysTimes = TIMES): VerifyingKey {
  const keys = createRemoteJWKSet(url, {
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: times.cooldown,
    timeoutDuration: times.timeout,
  });
  let refreshAt = performance.now() + times.refresh;
  const find: JWTVerifyGetKey = (header, token) => {
    if (performance.now() >= refreshAt) {
      refreshAt = performance.now() + times.refresh;
      keys.reload().catch((error: unknown) => {
        logger.warn({ url: url.href, error }, "no newer keys to check tokens with");
      });
    }
    return keys(header, token);
  };
  return { algorithms: PUBLIC_ALGORITHMS, find };
}
