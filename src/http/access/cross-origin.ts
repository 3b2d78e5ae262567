import { cors } from "@elysiajs/cors";
import { Elysia } from "elysia";
import { REQUEST_ID } from "../request/request.ts";
import { originMatcher } from "./origins.ts";

/** How long a browser may remember a preflight's answer, in seconds. */
const MAX_AGE_SECONDS = 600;

/**
 * Lets pages of these origins read the answers of the hub (CORS), also for requests with cookies. `*` means
 * every origin, but without cookies: not every page may read what a visitor's cookie grants.
 */
export function crossOrigin(origins: readonly string[]) {
  if (origins.length === 0) return new Elysia();
  const any = origins.includes("*");
  const isAllowed = originMatcher(origins);
  return cors({
    origin: any ? "*" : ({ headers }) => isAllowed(headers.get("origin") ?? ""),
    credentials: !any,
    methods: ["GET", "POST", "DELETE", "QUERY"],
    allowedHeaders: [
      "authorization",
      "content-type",
      "last-event-id",
      "cache-control",
      // Datastar's pages send it with every request.
      "datastar-request",
      REQUEST_ID,
    ],
    exposeHeaders: [
      "last-event-id",
      "mercure-last-event-id",
      "link",
      "retry-after",
      "www-authenticate",
      REQUEST_ID,
    ],
    maxAge: MAX_AGE_SECONDS,
  });
}
