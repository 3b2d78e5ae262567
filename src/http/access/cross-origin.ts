import { cors } from "@elysiajs/cors";
import { Elysia } from "elysia";
import { REQUEST_ID } from "../request/request.ts";
import { originMatcher } from "./origins.ts";

/** How long a browser may remember a preflight's answer, in seconds. */
const MAX_AGE = 600;

/**
 * Lets pages of these origins read the hub's answers, with cookies and all. `*` stands for every
 * origin, and then without: what a visitor's cookie lets the hub say is not for any page to read.
 */
export function crossOrigin(origins: readonly string[]) {
  if (origins.length === 0) return new Elysia();
  const any = origins.includes("*");
  const isAllowed = originMatcher(origins);
  return cors({
    origin: any ? "*" : ({ headers }) => isAllowed(headers.get("origin") ?? ""),
    credentials: !any,
    methods: ["GET", "POST", "DELETE"],
    allowedHeaders: [
      "authorization",
      "content-type",
      "last-event-id",
      "cache-control",
      // Datastar's pages send it with every request.
      "datastar-request",
      REQUEST_ID,
    ],
    exposeHeaders: ["last-event-id", "retry-after", "www-authenticate", REQUEST_ID],
    maxAge: MAX_AGE,
  });
}
