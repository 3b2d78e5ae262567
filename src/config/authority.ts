import { Authority } from "../auth/authority.ts";
import { remoteKeys } from "../auth/jwks.ts";
import { KeyError, readVerifyingKey, type VerifyingKey } from "../auth/jwt-key.ts";
import type { Logger } from "../logger.ts";
import { ConfigError, readNamedFile } from "./config-error.ts";

/** Shorter keys can be guessed by trying. */
const SHORT_KEY = 16;

/** The keys and rules of a hub, as its flags name them. */
export interface AuthSettings {
  readonly publishKey?: readonly string[];
  readonly publishKeyFile?: string;
  readonly adminKey?: readonly string[];
  readonly adminKeyFile?: string;
  readonly jwtKey?: string;
  readonly jwtKeyFile?: string;
  readonly jwksUrl?: URL;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  /** Characters. */
  readonly maxToken: number;
  readonly private: boolean;
}

/**
 * The authority that the settings describe; none for a hub without keys.
 *
 * @throws ConfigError
 */
export function createAuthority(settings: AuthSettings, logger: Logger): Authority | undefined {
  const publishKeys = readKeys("publish-key", settings.publishKey, settings.publishKeyFile);
  const adminKeys = readKeys("admin-key", settings.adminKey, settings.adminKeyFile);
  const key = readTokenKey(settings, logger);
  if (!key && publishKeys.length === 0 && adminKeys.length === 0) return undefined;
  if ([...publishKeys, ...adminKeys].some((one) => one.length < SHORT_KEY)) {
    logger.warn(
      { characters: SHORT_KEY },
      "a key is so short that it can be guessed: openssl rand -base64 24 makes one",
    );
  }
  if (adminKeys.length === 0) {
    logger.info({}, "no administrator's key: /clients, /metrics and the console are for nobody");
  }
  const tokens = key && { ...key, issuer: settings.jwtIssuer, audience: settings.jwtAudience };
  return new Authority({
    publishKeys,
    adminKeys,
    tokens,
    maxToken: settings.maxToken,
    private: settings.private,
  });
}

function readKeys(flag: string, given: readonly string[] = [], file: string | undefined): readonly string[] {
  const keys = file === undefined ? given : [...given, ...linesOf(flag, file)];
  // What a header can carry; the message must not tell the key.
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

function readTokenKey(settings: AuthSettings, logger: Logger): VerifyingKey | undefined {
  const { jwtKey, jwtKeyFile, jwksUrl } = settings;
  if (jwksUrl) return remoteKeys(jwksUrl, logger);
  if (jwtKeyFile !== undefined) {
    return parseKey(`--jwt-key-file ${jwtKeyFile}`, readNamedFile("--jwt-key-file", jwtKeyFile));
  }
  if (jwtKey !== undefined) return parseKey("--jwt-key", jwtKey);
  return undefined;
}

function parseKey(where: string, text: string): VerifyingKey {
  try {
    return readVerifyingKey(text);
  } catch (error) {
    throw error instanceof KeyError ? new ConfigError(`${where} ${error.message}`) : error;
  }
}
