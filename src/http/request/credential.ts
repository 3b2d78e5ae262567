import { invalidRequest, invalidToken } from "../answer/challenge.ts";
import type { Problem } from "../answer/problem.ts";
import { requestUrl } from "./request.ts";

/**
 * The cookie that carries a key or token where a browser can't send a header, as with EventSource.
 * Its prefix makes browsers keep it to this host, and to https (RFC 6265bis, section 4.1.3.2).
 */
export const COOKIE = "__Host-tidings";

/** The key or token of a request: in the header, or else in the cookie. */
export function readCredential(request: Request): string | undefined {
  const { headers, url } = request;
  // Addresses get into logs, histories and Referer headers.
  if (url.includes("access_token=") && requestUrl(request).searchParams.has("access_token")) {
    throw tokenInAddress();
  }
  if (/^\S+$/.test(headers.get("authorization") ?? "")) {
    throw invalidToken("Authorization needs the word Bearer, a space and the key or token");
  }
  return bearerOf(headers) ?? cookieOf(headers);
}

/** The refusal of a token in the query (RFC 6750, section 2.3, which this hub does not take). */
export function tokenInAddress(): Problem {
  return invalidRequest(
    "a token in the address is not taken: send it as Authorization: Bearer, in the cookie, or get a ticket from POST /tickets",
  );
}

/** The token of `Authorization: Bearer …` (RFC 6750, section 2.1). */
export function bearerOf(headers: Headers): string | undefined {
  const header = headers.get("authorization");
  if (header === null || !/^bearer +/i.test(header)) return undefined;
  return header.replace(/^bearer +/i, "").trimEnd();
}

function cookieOf(headers: Headers): string | undefined {
  const header = headers.get("cookie");
  if (header === null || !header.includes(COOKIE)) return undefined;
  return new Bun.CookieMap(header).get(COOKIE) ?? undefined;
}
