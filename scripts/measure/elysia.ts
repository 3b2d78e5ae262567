/**
 * The same as bare.ts as an application of Elysia, with one route and no hooks.
 *
 *   bun elysia.ts PORT
 */
import { Elysia } from "elysia";

new Elysia()
  .post(
    "/publish",
    async ({ request }) => {
      await request.bytes();
      return { id: "bcdfghjkmnpq-12345", recipients: 0 };
    },
    { parse: "none" },
  )
  .listen({ hostname: "127.0.0.1", port: Number(process.argv[2]), development: false });
