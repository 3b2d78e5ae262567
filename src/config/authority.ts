import { Authority, type AuthorityKeys } from "../auth/authority.ts";
import { type RemoteKeys, remoteKeys } from "../auth/remote-keys.ts";
import type { TokenKey } from "../auth/token-keys.ts";
import type { VerifyingKey } from "../auth/verifying-key.ts";
import type { FileSource } from "../file-changes.ts";
import type { Logger } from "../logger.ts";
import { ConfigError, readNamedFile } from "./config-error.ts";
import { type FindRemote, filesOfIssuers, readIssuers } from "./issuers.ts";
import { parseTokenKey } from "./token-key-text.ts";

/** Shorter keys can be guessed. */
const MIN_KEY_LENGTH = 16;

/** The flags for keys and tokens. */
export interface AuthSettings {
  readonly publishKey?: readonly string[];
  readonly publishKeyFile?: string;
  readonly adminKey?: readonly string[];
  readonly adminKeyFile?: string;
  readonly jwtKey?: string;
  readonly jwtKeyFile?: string;
  readonly jwksUrl?: URL;
  /** The path of a file of issuers. */
  readonly issuersFile?: string;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  /** Milliseconds. */
  readonly jwtLeeway: number;
  /** Characters. */
  readonly maxToken: number;
  readonly private: boolean;
  readonly mercureUrl?: URL;
  readonly mercureCookie: string;
  readonly mercureCompat: boolean;
}

/** Whether the settings name any key, so that publishing takes one. */
export function hasKeys(settings: AuthSettings): boolean {
  const { publishKey, publishKeyFile, adminKey, adminKeyFile } = settings;
  const given = [publishKey, publishKeyFile, adminKey, adminKeyFile, ...tokenKeysOf(settings)];
  return given.some((key) => key !== undefined);
}

/** The settings of which one names the keys of tokens. */
export function tokenKeysOf({ jwtKey, jwtKeyFile, jwksUrl, issuersFile }: AuthSettings) {
  return [jwtKey, jwtKeyFile, jwksUrl, issuersFile].filter((given) => given !== undefined);
}

/** The URL of the hub for the Mercure protocol. */
function mercureUrlOf({ mercureUrl }: Pick<AuthSettings, "mercureUrl">): string {
  return mercureUrl?.href ?? "https://localhost/.well-known/mercure";
}

/**
 * Makes the authority of a hub. It has no keys until its file source is loaded, which reads the keys that
 * the settings and their files name.
 */
export function createAuthority(
  settings: AuthSettings,
  logger: Logger,
): { readonly authority: Authority; readonly keys: FileSource<AuthorityKeys> } {
  const { jwtKeyFile, issuersFile, publishKeyFile, adminKeyFile, maxToken } = settings;
  const mercure = { url: mercureUrlOf(settings), compat: settings.mercureCompat };
  const authority = new Authority({ maxToken, private: settings.private, mercure });
  const remotes = new Map<string, RemoteKeys>();
  const remote = (url: URL) => {
    const known = remotes.get(url.href) ?? remoteKeys(url, logger);
    remotes.set(url.href, known);
    return known;
  };
  const keys: FileSource<AuthorityKeys> = {
    name: "keys",
    files: () => [
      ...[publishKeyFile, adminKeyFile, jwtKeyFile, issuersFile].filter((file) => file !== undefined),
      ...(issuersFile === undefined ? [] : filesOfIssuers(issuersFile)),
    ],
    load() {
      const loaded = readAuthorityKeys(settings, remote, logger);
      // Fetched at the start and at a reload, so that the log reports at once when they are not available.
      for (const one of remotes.values()) void one.refresh();
      return loaded;
    },
    take: (loaded) => authority.replaceKeys(loaded),
  };
  return { authority, keys };
}

/** @throws ConfigError when a key or a file can't be used */
function readAuthorityKeys(settings: AuthSettings, remote: FindRemote, logger: Logger): AuthorityKeys {
  const publishKeys = readKeys("publish-key", settings.publishKey, settings.publishKeyFile);
  const adminKeys = readKeys("admin-key", settings.adminKey, settings.adminKeyFile);
  const tokens = readTokenKeys(settings, remote);
  if ([...publishKeys, ...adminKeys].some((one) => one.length < MIN_KEY_LENGTH)) {
    logger.warn(
      { shorter_than: MIN_KEY_LENGTH },
      "a key is so short that it can be guessed: openssl rand -base64 24 makes one",
    );
  }
  if (adminKeys.length === 0) {
    logger.info({}, "no administrator's key: /clients, /metrics and the console are for nobody");
  }
  return { publishKeys, adminKeys, tokens };
}

function readKeys(flag: string, given: readonly string[] = [], file: string | undefined): readonly string[] {
  const keys = file === undefined ? given : [...given, ...linesOf(flag, file)];
  // A header must be able to carry the key. The message must not disclose it.
  if (keys.some((key) => !/^[!-~]+$/.test(key))) {
    throw new ConfigError(
      `a key of --${flag} has characters that a header can't carry: use ASCII without spaces`,
    );
  }
  return keys;
}

function linesOf(flag: string, file: string): string[] {
  const lines = readNamedFile(`--${flag}-file`, file)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0) throw new ConfigError(`--${flag}-file ${file} has no key; it takes one a line`);
  return lines;
}

function readTokenKeys(settings: AuthSettings, remote: FindRemote): readonly TokenKey[] {
  const { issuersFile, jwksUrl, jwtIssuer: issuer, jwtAudience: audience, jwtLeeway: leeway } = settings;
  if (issuersFile !== undefined) return readIssuers(issuersFile, { leeway, remote });
  const key = jwksUrl ? remote(jwksUrl) : readTokenKey(settings);
  return key ? [{ ...key, issuer, audience, leeway }] : [];
}

function readTokenKey({ jwtKey, jwtKeyFile }: AuthSettings): VerifyingKey | undefined {
  if (jwtKeyFile !== undefined) {
    return parseTokenKey(`--jwt-key-file ${jwtKeyFile}`, readNamedFile("--jwt-key-file", jwtKeyFile));
  }
  return jwtKey === undefined ? undefined : parseTokenKey("--jwt-key", jwtKey);
}
