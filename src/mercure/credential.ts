import type { Grant } from "../auth/grant.ts";
import { invalidRequest, invalidToken } from "../http/answer/challenge.ts";
import { Problem } from "../http/answer/problem.ts";
import type { Hub } from "../http/hub.ts";
import { COOKIE } from "../http/request/credential.ts";
import { type Fields, firstOf } from "./form.ts";

/** The cookie of the dialect before version 1. */
const OLD_COOKIE = "mercureAuthorization";

/**
 * What the sender of a request may do: by `Authorization`, or else, in the dialect before version 1, by
 * `authorization` in the query, or else by a cookie.
 *
 * @throws Problem 400, 401, or 403 for a publisher's cookie from another page.
 */
export function accessOf(hub: Hub, request: Request, query: Fields): Grant | Promise<Grant> {
  const header = request.headers.get("authorization");
  if (header !== null) {
    // The runtime joins several headers.
    if (header.includes(",")) throw invalidRequest("there is more than one Authorization");
    if (!/^bearer +\S+$/i.test(header)) throw invalidRequest("Authorization is a Bearer token here");
    return hub.access(request);
  }
  const inQuery = tokenIn(query);
  if (hasTokenInQuery(hub, query)) return hub.access(withToken(request, inQuery));
  const cookie = cookieOf(hub, request);
  if (cookie !== undefined) {
    if (request.method === "POST") assertOwnPage(hub, request);
    return hub.access(withToken(request, cookie));
  }
  if (inQuery === "") return hub.access(request);
  throw invalidRequest(
    "a token in the address is not taken: send it as Authorization: Bearer, or in the cookie",
  );
}

/** Whether the address has a token, and the hub takes it from there. */
export function hasTokenInQuery({ mercure }: Hub, query: Fields): boolean {
  return mercure.compat && tokenIn(query) !== "";
}

function tokenIn(query: Fields): string {
  return firstOf(query, "authorization") ?? "";
}

/** The token in a cookie: that of version 1, of the dialect before, or the one of the hub's own readers. */
function cookieOf({ mercure }: Hub, { headers }: Request): string | undefined {
  const header = headers.get("cookie");
  if (header === null) return undefined;
  const cookies = new Bun.CookieMap(header);
  const names = [mercure.cookie, ...(mercure.compat ? [OLD_COOKIE] : []), COOKIE];
  return names.map((name) => cookies.get(name)).find((value) => value !== null);
}

/** A browser sends cookies with the forms of any page, so the page has to be named. */
function assertOwnPage(hub: Hub, request: Request): void {
  const { headers } = request;
  const referer = headers.get("referer");
  const origin = headers.get("origin") ?? (referer === null ? undefined : URL.parse(referer)?.origin);
  if (origin === undefined)
    throw new Problem(403, "with a cookie, Origin or Referer says which page this is");
  const asked = new Request(request.url, { headers: { host: headers.get("host") ?? "", origin } });
  if (!hub.isOwnPage(asked)) throw new Problem(403, `with a cookie, ${origin} may not publish`);
}

/** @throws Problem 401 when a header can't hold the token, so that it is none. */
function withToken({ url, headers: given }: Request, token: string): Request {
  if (!/^[!-~]*$/.test(token)) throw invalidToken("the token is malformed");
  const headers = new Headers(given);
  headers.set("authorization", `Bearer ${token}`);
  return new Request(url, { headers });
}
