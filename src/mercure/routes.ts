import { Elysia } from "elysia";
import type { Hub } from "../http/hub.ts";
import { publishUpdate } from "./publishing.ts";
import { subscribe } from "./subscribing.ts";

/** The path of the hub for this protocol (RFC 8615). */
export const MERCURE_PATH = "/.well-known/mercure";

/** The interface's description is of the hub's own interface: this one has a specification. */
const hidden = { parse: "none", detail: { hide: true } } as const;

/**
 * The Mercure protocol: https://mercure.rocks/spec. Version 1 (draft 08) and the dialect before it (draft 07)
 * are told apart by the query.
 */
export function mercureRoutes(hub: Hub) {
  return new Elysia()
    .get(MERCURE_PATH, ({ request, server }) => subscribe(hub, { request, server }), hidden)
    .route("QUERY", MERCURE_PATH, ({ request, server }) => subscribe(hub, { request, server }), {
      config: {},
      ...hidden,
    })
    .post(MERCURE_PATH, ({ request, server }) => publishUpdate(hub, { request, server }), hidden);
}
