import type { Remedies } from "../http/access/remedies.ts";
import type { Logger } from "../logger.ts";

/** What a hub of the binary tells those whom it refuses. */
export const flagRemedies: Remedies = {
  publish: "publishing takes a key or a token that grants it",
  administer: "this takes the administrator's key (--admin-key)",
  host: (name) => `${name} is not a name of this hub; if it should be: --allowed-host ${name}`,
  origin: (origin) => `${origin} may not use this hub; if it should: --cors-origin names its origin`,
};

/** For how many origins a warning is logged: who makes them up is not to fill the log, or the memory. */
const MAX_ORIGINS = 100;

/**
 * Warns once of each origin whose page was refused, with the flag that would allow it: a browser
 * tells the page nothing.
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
  // Whatever is no origin comes from no browser.
  return URL.canParse(origin) && /^[a-z0-9+.-]+:\/\/[a-z0-9.:[\]-]+$/.test(origin)
    ? `--cors-origin ${origin}`
    : undefined;
}
