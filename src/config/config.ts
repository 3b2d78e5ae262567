import type { Limits } from "../http/limits/limits.ts";
import { isRedisAddress } from "../log/redis/address.ts";
import { type AuthSettings, hasKeys, tokenKeysOf } from "./authority.ts";
import { ConfigError } from "./config-error.ts";
import { type ExposureSettings, isLoopback } from "./exposure.ts";
import type { StoreSettings } from "./store.ts";

/** The configuration of a hub. A flag wins over a variable, and a variable over a default. */
export interface Config extends AuthSettings, ExposureSettings, Omit<Limits, "maxClients">, StoreSettings {
  readonly port: number;
  /** The path of a module of event types. */
  readonly events?: string;
  readonly strict: boolean;
  /** Milliseconds; 0 for never. */
  readonly keepAlive: number;
  /** Milliseconds; 0 for ever. */
  readonly stallTimeout: number;
  /** Milliseconds. */
  readonly drain: number;
  /** The shortest reconnection time that readers are told at a stop, in milliseconds. */
  readonly drainRetry: number;
  /** The most clients, if somebody has chosen it; 0 for no limit. */
  readonly maxClients?: number;
  /** How many processes serve. */
  readonly workers: number;
  /** Seconds. */
  readonly idleTimeout: number;
  /** The path of a Unix socket. */
  readonly unix?: string;
  /** The path of a PEM file. */
  readonly tlsCert?: string;
  /** The path of a PEM file. */
  readonly tlsKey?: string;
  readonly http2: boolean;
  readonly http3: boolean;
  readonly trustProxy?: readonly string[];
  readonly corsOrigin?: readonly string[];
  /** The paths of the files of webhooks, by their names. */
  readonly webhook?: ReadonlyMap<string, string>;
  /** The path of a file. */
  readonly audit?: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/**
 * Checks combinations of values. Each value alone was checked when it was read.
 *
 * @throws ConfigError
 */
export function assertConsistent(config: Config): void {
  assertTls(config);
  assertKeys(config);
  // A publisher would rely on a promise that nobody keeps.
  if (config.replicas > 0 && !isRedisAddress(config.store)) {
    throw new ConfigError("--replicas needs --store redis://HOST");
  }
  // A hub without keys stays on this machine, unless its operator says otherwise.
  if (!hasKeys(config) && !config.open && config.unix === undefined && !isLoopback(config.host)) {
    throw new ConfigError(
      `on ${config.host} everyone could publish, since there is no key: give --publish-key-file or --jwt-key-file (or --open, if that is what you want)`,
    );
  }
}

function assertTls({ tlsCert, tlsKey, http3, unix }: Config): void {
  if (http3 && unix !== undefined) throw new ConfigError("--http3 is no use with --unix");
  if (tlsCert !== undefined && tlsKey === undefined) throw new ConfigError("--tls-cert needs --tls-key");
  if (tlsKey !== undefined && tlsCert === undefined) throw new ConfigError("--tls-key needs --tls-cert");
  if (http3 && tlsCert === undefined) throw new ConfigError("--http3 needs --tls-cert and --tls-key");
}

function assertKeys(config: AuthSettings): void {
  const tokenKeys = tokenKeysOf(config).length;
  if (tokenKeys > 1) {
    throw new ConfigError("give one of --jwt-key, --jwt-key-file, --jwks-url and --issuers-file");
  }
  const hasRules = config.jwtIssuer !== undefined || config.jwtAudience !== undefined;
  if (hasRules && config.issuersFile !== undefined) {
    throw new ConfigError("with --issuers-file, its file names each issuer and audience");
  }
  if (tokenKeys === 1) return;
  if (hasRules) {
    throw new ConfigError("--jwt-issuer and --jwt-audience need --jwt-key-file or --jwks-url");
  }
  if (config.private && config.adminKey === undefined && config.adminKeyFile === undefined) {
    throw new ConfigError(
      "--private without --jwt-key-file or --jwks-url would leave nobody who can subscribe",
    );
  }
}
