import { cors } from "@elysiajs/cors";
import { Elysia } from "elysia";
import { REQUEST_ID } from "../request/request-id.ts";

/** How long a browser may remember a preflight's answer, in seconds. */
const MAX_AGE = 600;

/**
 * Lets pages of these origins read the hub's answers, with cookies and all. `*` stands for every
 * origin, and then without: what a visitor's cookie lets the hub say is not for any page to read.
 */
export function crossOrigin(origins: readonly string[]) {
  if (origins.length === 0) return new Elysia();
  const any = origins.includes("*");
  return cors({
    origin: any ? "*" : [...origins],
    credentials: !any,
    methods: ["GET", "POST", "DELETE"],
    allowedHeaders: ["authorization", "content-type", "last-event-id", "cache-control", REQUEST_ID],
    exposeHeaders: ["last-event-id", "retry-after", "www-authenticate", REQUEST_ID],
    maxAge: MAX_AGE,
  });
}
