import { noCredential, notAHub, unreachable } from "./error.ts";
import { isUnreadable } from "./network-failure.ts";

/** A bearer token, or a function that gets one. The function is called for every request. */
export type Token = string | (() => string | Promise<string>);

/** The part of `fetch` that the SDK uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Options of publishers and subscribers for their connection. */
export interface ConnectionOptions {
  /** The address of the hub, such as `https://example.org`, or `/hub` in a browser. */
  url: string | URL;
  /**
   * The token, sent as `Authorization: Bearer …` (RFC 6750).
   *
   * @defaultValue none
   */
  token?: Token | undefined;
  /**
   * A replacement for `fetch`, for cookies, proxies or tests.
   *
   * @defaultValue the global `fetch`
   */
  fetch?: Fetch | undefined;
}

/** The address of a route below the hub's own. @throws TypeError if the hub's is not a URL. */
export function route({ url }: ConnectionOptions, path: string): string {
  // Only a page and a worker have one.
  const { location } = globalThis as { location?: { readonly href: string } };
  return new URL(`${String(url).replace(/\/+$/, "")}/${path}`, location?.href).href;
}

/**
 * Sends a request with the token among its headers.
 *
 * @throws TidingsError with status 0 when no answer comes, or none that can be read.
 */
export async function request(
  { token, fetch }: ConnectionOptions,
  url: string,
  init: RequestInit & { headers: Record<string, string>; signal: AbortSignal },
): Promise<Response> {
  const headers = new Headers(init.headers);
  const bearer = typeof token === "function" ? await credentialOf(token) : token;
  if (bearer) headers.set("authorization", `Bearer ${bearer}`);
  try {
    // Looked up at every call, and called as a function of the global object, as browsers demand.
    return await (fetch ?? globalThis.fetch)(url, { ...init, headers });
  } catch (error) {
    if (isUnreadable(error)) throw notAHub(url, 0, "gave an answer that can't be read", error);
    // Runtimes differ in what an aborted fetch throws; the signal's own reason says it best.
    throw unreachable(url, init.signal.reason ?? error);
  }
}

/** The whole body of an answer. @throws TidingsError with status 0 when the connection is lost. */
export async function textOf(response: Response, signal: AbortSignal): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw unreachable(response.url, signal.reason ?? error);
  }
}

/**
 * A token or ticket, from the function that gets one.
 *
 * @throws TidingsError with status 0 when there is none to be had.
 */
export async function credentialOf(get: () => string | Promise<string>): Promise<string> {
  try {
    return await get();
  } catch (error) {
    throw noCredential(error);
  }
}
