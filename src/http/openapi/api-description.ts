import { openapi } from "@elysiajs/openapi";
import { Elysia } from "elysia";
import { registerFormats } from "../../events/schema.ts";
import { version } from "../../version.ts";
import { COOKIE } from "../request/credential.ts";
import { descriptionPage } from "./page.ts";

/** `GET /openapi`, a page to try the interface, and `GET /openapi/json`, its description. */
export function apiDescription() {
  // @elysiajs/openapi has put its own in their place for the whole process, of which some throw.
  registerFormats({ replace: true });
  return new Elysia().use(descriptionPage()).use(
    openapi({
      path: "/openapi",
      provider: null,
      documentation: {
        info: { title: "Tidings", version, description: "Publish typed events, receive them live." },
        tags: [
          { name: "subscribe", description: "Receive events" },
          { name: "publish", description: "Send events" },
          { name: "operations", description: "Run the hub" },
        ],
        components: {
          securitySchemes: {
            bearer: { type: "http", scheme: "bearer", description: "A key or a signed token" },
            cookie: { type: "apiKey", in: "cookie", name: COOKIE, description: "The same, from a browser" },
          },
        },
        // A hub without keys asks for none.
        security: [{}, { bearer: [] }, { cookie: [] }],
      },
    }),
  );
}
