import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "commander";
import { isProxy } from "../http/request/address.ts";
import { isRedisAddress, parseRedisAddress, RedisAddressError } from "../log/redis/address.ts";
import { parseDuration } from "../timers.ts";

// Parsers for the values of flags. Each throws commander's InvalidArgumentError.

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** Such as `15s`, `1h` or `500ms`; in milliseconds. */
export function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined)
    throw new InvalidArgumentError("Expected a duration such as 500ms, 15s or 1h, up to 365000d.");
  return value;
}

/** Such as `64KiB` or `1GB`; in bytes. */
export function size(text: string): number {
  // Zero needs no unit.
  if (text === "0") return 0;
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([a-zA-Z]+)$/.exec(text) ?? [];
  const value = Math.round(Number(number) * (BYTES[unit] ?? Number.NaN));
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("Expected a size such as 64KiB or 1MB.");
  return value;
}

export function port(text: string): number {
  return whole(text, 0, 65_535, "Expected a port from 0 to 65535; 0 takes any that is free.");
}

/** `memory`, or a file. Its name must end in `.db`, so that a typing error does not create a file. */
export function store(text: string): string {
  if (text === "memory" || /[^/\\]\.db$/.test(text)) return text;
  if (!isRedisAddress(text)) {
    throw new InvalidArgumentError("Expected memory, a file whose name ends in .db, or redis://HOST.");
  }
  try {
    parseRedisAddress(text);
    return text;
  } catch (error) {
    if (error instanceof RedisAddressError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** A number of processes, or `auto` for as many as there are cores. */
export function workers(text: string): number {
  if (text === "auto") return availableParallelism();
  return whole(text, 1, 256, "Expected a number of processes from 1 to 256, or auto.");
}

export function count(text: string): number {
  return whole(text, 1, Number.MAX_SAFE_INTEGER, "Expected a whole number of at least 1.");
}

/** A number that bounds something; 0 for no bound. */
export function atMost(text: string): number {
  return whole(text, 0, Number.MAX_SAFE_INTEGER, "Expected a whole number; 0 for any number.");
}

/** Such as `100/s` or `600/m`; in events a second. 0 for no bound. */
export function rate(text: string): number {
  if (text === "0") return 0;
  const [, number, unit = ""] = /^(\d+)\/([smh])$/.exec(text) ?? [];
  const perSecond = (Number(number) * 1000) / (parseDuration(`1${unit}`) ?? Number.NaN);
  if (!(perSecond > 0)) throw new InvalidArgumentError("Expected a rate such as 100/s or 600/m.");
  return perSecond;
}

/** A duration in whole seconds, for the runtime. */
export function seconds(text: string): number {
  const value = duration(text) / 1000;
  if (Number.isInteger(value) && value >= 1 && value <= 255) return value;
  throw new InvalidArgumentError("Expected whole seconds from 1s to 255s.");
}

/** Addresses, subnets or `unix`, for a flag that repeats. */
export function proxies(value: string, before: readonly string[] = []): readonly string[] {
  const given = wordsOf(value);
  if (!given.every(isProxy)) {
    throw new InvalidArgumentError("Expected an address, a subnet such as 10.0.0.0/8, or unix.");
  }
  return [...before, ...given];
}

/** Any text that is not empty. An empty variable is an error, not an absent one. */
export function text(value: string): string {
  if (value === "") throw new InvalidArgumentError("Expected more than nothing.");
  return value;
}

/** For a flag that repeats and whose values may have spaces. Its variable holds one value. */
export function texts(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, text(value)];
}

/** The name of a cookie (RFC 6265, section 4.1.1). */
export function cookieName(value: string): string {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(value)) return value;
  throw new InvalidArgumentError("Expected a name such as hub_token.");
}

export function httpUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new InvalidArgumentError("Expected a URL such as https://example.org/jwks.json.");
}

/** The URL of a hub for the Mercure protocol. Its path is that of the route, perhaps after a prefix. */
export function mercureUrl(value: string): URL {
  const url = httpUrl(value);
  if (url.pathname.endsWith("/.well-known/mercure") && url.search === "" && url.hash === "") return url;
  throw new InvalidArgumentError("Expected a URL such as https://hub.example.org/.well-known/mercure.");
}

/** For a flag that repeats. Its variable holds several values, separated by spaces. */
export function keys(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...wordsOf(value)];
}

/** Names with their files, for a flag that repeats. Its variable holds several, separated by spaces. */
export function webhooks(value: string, before: ReadonlyMap<string, string> = new Map()) {
  const all = new Map(before);
  for (const word of wordsOf(value)) {
    const [, name, file] = /^([A-Za-z0-9._-]+)=(.+)$/.exec(word) ?? [];
    if (name === undefined || file === undefined) {
      throw new InvalidArgumentError("Expected a name and a file such as github=github.json.");
    }
    if (all.has(name)) throw new InvalidArgumentError(`There are two webhooks of the name ${name}.`);
    all.set(name, file);
  }
  return all;
}

/** Host names, for a flag that repeats. */
export function names(value: string, before: readonly string[] = []): readonly string[] {
  const given = wordsOf(value).map((name) => name.toLowerCase());
  if (!given.every((name) => /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name))) {
    throw new InvalidArgumentError("Expected a name such as hub.example.org, without scheme and port.");
  }
  return [...before, ...given];
}

/** Origins or `*`, for a flag that repeats. */
export function origins(value: string, before: readonly string[] = []): readonly string[] {
  const given = wordsOf(value).map((origin) => origin.toLowerCase().replace(/\/$/, ""));
  if (given.includes("null")) {
    throw new InvalidArgumentError(
      "Any page there is can send the origin null, from a frame in a sandbox. Serve a page that is a file over http, or allow *.",
    );
  }
  const all = [...before, ...given];
  if (all.includes("*") ? all.length > 1 : !given.every(isOrigin)) {
    throw new InvalidArgumentError(
      "Expected an origin such as https://example.org, all its subdomains as in https://*.example.org, or * alone.",
    );
  }
  return all;
}

function isOrigin(text: string): boolean {
  // The part after the star needs a dot: nobody owns all of https://*.org.
  const one = text.replace(/^(https?:\/\/)\*\.(?=[^.]+\.[^.])/, "$1any.");
  if (/^https?:/.test(one)) return !one.includes("*") && URL.canParse(one) && new URL(one).origin === one;
  // Applications in a web view have other schemes, such as capacitor://localhost.
  return /^[a-z][a-z0-9+.-]*:\/\/[^/*]+$/.test(one);
}

function wordsOf(value: string): string[] {
  const words = value.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) throw new InvalidArgumentError("Expected more than nothing.");
  return words;
}

function whole(text: string, least: number, most: number, expected: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new InvalidArgumentError(expected);
  return value;
}
