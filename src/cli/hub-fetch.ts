import type { Fetch } from "../sdk/connection.ts";

/** The longest time to look whether the hub is at the other scheme, in ms. */
const LOOK_TIMEOUT_MS = 2_000;

/** RFC 9110, section 15.5.20: for this scheme and host, the server has no answer. */
const MISDIRECTED = 421;

/**
 * A `fetch` for the hub at this address. Where the hub is at another one, the answer is a refusal that names
 * it: to try the wrong one again would not help.
 */
export function hubFetch(url: string): Fetch {
  return async (address, init) => {
    let response: Response;
    try {
      // A redirect is not followed: it would make a GET of a POST, and leave the token behind.
      response = await fetch(address, { ...init, redirect: "manual" });
    } catch (error) {
      const refused = isSchemeFailure(url, error) ? await wrongScheme(url, init.signal) : undefined;
      if (refused) return refused;
      throw error;
    }
    if (isRedirect(response)) return redirected(url, address, response);
    const refused = isForTls(url, response) ? await wrongScheme(url, init.signal) : undefined;
    return refused ?? response;
  };
}

const isRedirect = ({ status, headers }: Response) =>
  status >= 300 && status <= 399 && headers.has("location");

/** A proxy sends a redirect to whoever asks it without TLS. */
function redirected(url: string, address: string, { status, statusText, headers }: Response): Response {
  const [route = ""] = address.slice(url.length).split("?", 1);
  const { origin, pathname } = new URL(headers.get("location") ?? "", address);
  const there = pathname.endsWith(route) ? pathname.slice(0, -route.length) : pathname;
  const detail = `${url} redirects: the hub is at --url ${origin}${there}`;
  return Response.json({ title: statusText || "Moved", detail }, { status });
}

/** Whether `fetch` may have failed because the address has the wrong scheme. A hub with TLS hangs up. */
function isSchemeFailure(url: string, error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === (url.startsWith("https:") ? "EPROTO" : "ECONNRESET");
}

/** Whether this may be what a proxy with TLS answers to a request without. */
function isForTls(url: string, { status, headers }: Response): boolean {
  return status === 400 && url.startsWith("http:") && !headers.get("content-type")?.includes("json");
}

/** The refusal that names the address with the other scheme; undefined when nobody answers there. */
async function wrongScheme(
  url: string,
  signal: AbortSignal | null | undefined,
): Promise<Response | undefined> {
  const other = url.startsWith("https:") ? url.replace(/^https/, "http") : url.replace(/^http/, "https");
  const deadline = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  try {
    // Nothing secret goes there, so any certificate will do.
    const { status } = await fetch(`${other}/healthz`, {
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      tls: { rejectUnauthorized: false },
    });
    if (status === 400) return undefined;
  } catch {
    return undefined;
  }
  const speaks = other.startsWith("https:") ? "speaks TLS" : "does not speak TLS";
  const problem = { title: "the hub can't be reached", detail: `${url} ${speaks}: try --url ${other}` };
  return Response.json({ ...problem, status: MISDIRECTED }, { status: MISDIRECTED });
}
