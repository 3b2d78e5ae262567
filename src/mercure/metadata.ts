import { MERCURE_DETAIL } from "../auth/mercure-claims.ts";
import { Problem } from "../http/answer/problem.ts";
import type { MercureSettings } from "../http/hub.ts";

/** The metadata of a hub: OAuth 2.0 Protected Resource Metadata (RFC 9728). */
export function metadataOf({ url, cookie }: MercureSettings) {
  return {
    resource: url,
    bearer_methods_supported: ["header"],
    authorization_details_types_supported: [MERCURE_DETAIL],
    mercure_cookie: cookie,
    mercure_subscriptions: true,
  };
}

/** Where that metadata is: before the path of the hub (RFC 9728, section 3.1). */
export function metadataUrl(url: string): URL {
  const { origin, pathname } = new URL(url);
  return new URL(`/.well-known/oauth-protected-resource${pathname}`, origin);
}

/** Calls the handler. A challenge in its refusal names the metadata (RFC 9728, section 5.1). */
export async function withMetadata<T>(metadata: URL | undefined, handle: () => Promise<T>): Promise<T> {
  try {
    return await handle();
  } catch (error) {
    const challenge = error instanceof Problem ? error.headers["www-authenticate"] : undefined;
    if (!metadata || !(error instanceof Problem) || challenge === undefined) throw error;
    const { status, message, type, retryAfter, cause } = error;
    throw new Problem(status, message, {
      type,
      ...(retryAfter !== undefined && { retryAfter }),
      headers: { ...error.headers, "www-authenticate": `${challenge}, resource_metadata="${metadata.href}"` },
      cause,
    });
  }
}
