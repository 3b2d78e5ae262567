import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** Where a Redis is, and who asks. */
export interface RedisAddress {
  /** Of Redis, or of the Sentinels that know which one is the master. */
  readonly hosts: readonly Host[];
  /** The name of the master that Sentinels watch; undefined without Sentinels. */
  readonly master: string | undefined;
  readonly tls: boolean;
  /** The certificates of the authority that the server's certificate comes from, as PEM. */
  readonly ca: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Names the hub: nodes with the same prefix on the same Redis are one hub. */
  readonly prefix: string;
}

export interface Host {
  readonly hostname: string;
  readonly port: number;
}

/** The address can't be used, as the message says. */
export class RedisAddressError extends Error {
  override readonly name = "RedisAddressError";
}

const SCHEME =
  /^(redis|rediss|redis\+sentinel|rediss\+sentinel):\/\/(?:([^@/]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/;
const ENCODED = "a password in the address of a Redis has %2F for /, %40 for @, %3F for ? and %25 for %";
const NO_PASSWORD =
  "the address of a Redis has a user and no password: it is redis://USER:PASSWORD@HOST or, for the password of " +
  "--requirepass, redis://:PASSWORD@HOST; password_file names a file with it";
const PARAMETERS = ["prefix", "ca", "password_file"];

/** Whether the text names a Redis. */
export function isRedisAddress(text: string): boolean {
  return /^rediss?(\+sentinel)?:\/\//.test(text);
}

/**
 * The address that a URL names: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` with TLS,
 * or `redis+sentinel://HOST,HOST,…/MASTER[/DATABASE]`. Parameters: `prefix` names the hub, `ca` a file
 * with certificates, `password_file` a file with the password.
 *
 * @throws RedisAddressError
 */
export function parseRedisAddress(url: string): RedisAddress {
  const match = SCHEME.exec(url);
  if (!match) throw new RedisAddressError("the address of a Redis is redis://[USER:PASSWORD@]HOST[:PORT]");
  const [, scheme = "", credentials = "", hostList = "", path = "", query = ""] = match;
  const isSentinel = scheme.endsWith("+sentinel");
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) {
      throw new RedisAddressError(
        `"${name}" is no parameter of a Redis address; there are ${PARAMETERS.join(", ")}`,
      );
    }
  }
  const parts = path.split("/").filter((part) => part !== "");
  const master = isSentinel ? parts.shift() : undefined;
  if (isSentinel && master === undefined) {
    throw new RedisAddressError("a Sentinel address names the master, as in redis+sentinel://a,b,c/mymaster");
  }
  const [database = "0", ...more] = parts;
  if (!/^\d{1,5}$/.test(database) || more.length > 0) {
    // An @ after it means that a password has a /, and is not to be told.
    throw new RedisAddressError(
      path.includes("@") ? ENCODED : `the database of a Redis is a number, and not "${parts.join("/")}"`,
    );
  }
  if (hostList.includes("@")) throw new RedisAddressError(ENCODED);
  const hosts = hostList.split(",").map((host) => parseHost(host, isSentinel ? 26379 : 6379));
  if (!isSentinel && hosts.length > 1) {
    throw new RedisAddressError("several hosts are for Sentinels: redis+sentinel://a,b,c/mymaster");
  }
  const colon = credentials.indexOf(":");
  const [user, secret] =
    colon < 0 ? [credentials, ""] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const file = parameters.get("password_file");
  const ca = parameters.get("ca");
  const tls = scheme.startsWith("rediss");
  // Who names an authority means TLS, and would send the password in the clear.
  if (ca !== null && !tls) throw new RedisAddressError("ca is for TLS: rediss://, or rediss+sentinel://");
  const prefix = parameters.get("prefix") ?? "tidings";
  if (prefix === "" || /[{}\s]/.test(prefix)) {
    throw new RedisAddressError("the prefix of a hub has no spaces and no braces");
  }
  const username = decode(user) || undefined;
  const password = file === null ? decode(secret) || undefined : passwordOf(file);
  // Redis would take it for its user "default". The name is not told: it may be the password.
  if (username !== undefined && password === undefined) throw new RedisAddressError(NO_PASSWORD);
  return {
    ...{ hosts, master, prefix },
    tls,
    ca: ca === null ? undefined : certificatesOf(ca),
    ...{ username, password },
    database: Number(database),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new RedisAddressError(ENCODED, { cause });
  }
}

function certificatesOf(path: string): string {
  const text = read(path, "ca");
  try {
    new X509Certificate(text);
    return text;
  } catch (cause) {
    throw new RedisAddressError(`ca has no certificate in PEM: "${path}"`, { cause });
  }
}

function passwordOf(path: string): string {
  // Spaces may belong to it; the end of the line does not.
  const password = read(path, "password_file").replace(/\r?\n$/, "");
  if (password === "") throw new RedisAddressError(`password_file has no password: "${path}" is empty`);
  return password;
}

function parseHost(text: string, defaultPort: number): Host {
  const [, hostname = "", port] = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (hostname === "") {
    throw new RedisAddressError(
      `"${text}" is no host of a Redis; the address is redis://HOST or redis://HOST:PORT`,
    );
  }
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65535) throw new RedisAddressError(`"${text}" has a port that is none`);
  return { hostname, port: number };
}

function read(path: string, parameter: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RedisAddressError(`${parameter} can't be read: ${why}`, { cause });
  }
}
