import type { Remedies } from "../http/access/remedies.ts";
import type { Logger } from "../logger.ts";

/** Remedies that name flags, for a hub of the executable. */
export const flagRemedies: Remedies = {
  publish: "publishing takes a key or a token that grants it",
  administer: "this takes the administrator's key (--admin-key)",
  host: (name) => `${name} is not a name of this hub; if it should be: --allowed-host ${name}`,
  origin: (origin) => `${origin} may not use this hub; if it should: --cors-origin names its origin`,
};

/** The most origins that are warned of. Made-up origins must not fill the log or the memory. */
const MAX_ORIGINS = 100;

/**
 * Logs one warning for each refused origin, with the flag that would allow it. The page itself learns
 * nothing, because browsers hide the answer from it.
 */
export function originWarnings(logger: Logger): (origin: string) => void {
  const warned = new Set<string>();
  return (origin) => {
    if (warned.has(origin) || warned.size >= MAX_ORIGINS) return;
    warned.add(origin);
    logger.warn({ origin, remedy: remedyOf(origin) }, "a page was refused for its origin");
  };
}

function remedyOf(origin: string): string | undefined {
  if (origin === "null") return "serve the page over http: a file, or a frame in a sandbox, has no origin";
  // A text that is no origin does not come from a browser.
  return URL.canParse(origin) && /^[a-z0-9+.-]+:\/\/[a-z0-9.:[\]-]+$/.test(origin)
    ? `--cors-origin ${origin}`
    : undefined;
}
