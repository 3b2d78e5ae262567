import { isIP } from "node:net";
import { Problem } from "../answer/problem.ts";
import { requestUrl } from "../request/request.ts";
import { originMatcher } from "./origins.ts";
import type { Remedies } from "./remedies.ts";

export interface GuardOptions {
  /** The names of the hub besides addresses and localhost; `*` or undefined for any name. */
  readonly hosts: readonly string[] | undefined;
  /** The origins whose pages may use the hub besides its own; see {@link originMatcher}. */
  readonly origins: readonly string[];
  /** Called for each request that is refused for its origin. */
  readonly refusedOrigin?: ((origin: string) => void) | undefined;
  readonly remedies: Pick<Remedies, "host" | "origin">;
}

/**
 * Keeps foreign web pages from using the hub. It judges by the headers that browsers send. Requests
 * without them pass, such as those of curl.
 *
 * A page whose name was pointed at this machine (DNS rebinding) sends its own name as `Host`. A page of
 * another origin sends `Origin`, or else `Sec-Fetch-Site`, as for an image. Links to the hub still work.
 *
 * @returns a check that throws Problem 400 for several hosts, 421 for a foreign name, and 403 for a foreign
 * origin
 */
export function guard({ hosts, origins, remedies, refusedOrigin }: GuardOptions): (request: Request) => void {
  const names = namesOf(hosts);
  const isAllowed = originMatcher(origins);
  // Most requests have the same Host as the one before.
  let passed: string | undefined;
  return (request) => {
    const { headers, method } = request;
    const host = headers.get("host") ?? requestUrl(request).host;
    if (host !== passed) {
      // The runtime joins several Host fields. RFC 9112, section 3.2, allows one.
      if (host.includes(",")) throw new Problem(400, "the request has more than one Host");
      if (names && host === "") throw new Problem(421, "the request names no host");
      if (names && !isOwnName(nameOf(host), names)) throw new Problem(421, remedies.host(nameOf(host)));
      passed = host;
    }
    const origin = headers.get("origin");
    if (origin !== null) {
      if (isAllowed(origin) || isSameOrigin(origin, host, names)) return;
      refusedOrigin?.(origin);
      throw new Problem(403, remedies.origin(origin));
    }
    const site = headers.get("sec-fetch-site");
    if (isOwnSite(site)) return;
    if (headers.get("sec-fetch-mode") === "navigate" && (method === "GET" || method === "HEAD")) return;
    throw new Problem(403, remedies.origin(`a ${site} page`));
  };
}

/**
 * Whether a request comes from a page of the hub itself, or from no page: for bodies that a browser sends
 * without a preflight, whatever origins are allowed.
 */
export function ownPages(hosts: GuardOptions["hosts"]): (request: Request) => boolean {
  const names = namesOf(hosts);
  return (request) => {
    const { headers } = request;
    const origin = headers.get("origin");
    if (origin === null) return isOwnSite(headers.get("sec-fetch-site"));
    return isSameOrigin(origin, headers.get("host") ?? requestUrl(request).host, names);
  };
}

/** The names in lower case; undefined for any name. */
function namesOf(hosts: GuardOptions["hosts"]): ReadonlySet<string> | undefined {
  return hosts?.includes("*") ? undefined : hosts && new Set(hosts.map((name) => name.toLowerCase()));
}

/** Whether `Sec-Fetch-Site` names the hub's own pages, or no page. */
function isOwnSite(site: string | null): boolean {
  return site === null || site === "same-origin" || site === "none";
}

/** A Host without its port, in lower case, and without the dot that may end it. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}

/** Nobody can rebind an address, and `localhost` is always this machine (RFC 6761). */
function isOwnName(name: string, names: ReadonlySet<string>): boolean {
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0 ||
    names.has(name)
  );
}

/**
 * The scheme may differ, and the Host may be another name of the hub: a proxy may have ended TLS, and may
 * have set a Host of its own.
 */
function isSameOrigin(origin: string, host: string, names: ReadonlySet<string> | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.host === host.toLowerCase() || (names?.has(url.host) ?? false);
}
