/** An origin with a `*` in place of the subdomain, such as `https://*.example.org`. */
const WILDCARD = /^([a-z][a-z0-9+.-]*:\/\/)\*(\..+)$/;

/**
 * Makes a test for allowed origins. `*` allows every origin. `https://*.example.org` allows every subdomain
 * of `example.org`, but not `example.org` itself.
 */
export function originMatcher(origins: readonly string[]): (origin: string) => boolean {
  if (origins.includes("*")) return () => true;
  const exact = new Set(origins);
  const wildcards = origins.flatMap((origin) => {
    const [, scheme, domain] = WILDCARD.exec(origin) ?? [];
    return scheme && domain ? [{ scheme, domain }] : [];
  });
  return (origin) =>
    exact.has(origin) || wildcards.some(({ scheme, domain }) => isSubdomain(origin, scheme, domain));
}

function isSubdomain(origin: string, scheme: string, domain: string): boolean {
  if (!origin.startsWith(scheme) || !origin.endsWith(domain)) return false;
  return /^[a-z0-9.-]+$/.test(origin.slice(scheme.length, -domain.length));
}
