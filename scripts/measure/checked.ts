/**
 * The same as elysia.ts with the checks that the hub makes of a request and of an event, and an answer in the
 * next turn of the event loop, and with nothing kept: what a publish costs before there is a log.
 *
 *   bun checked.ts PORT
 */
import { Elysia } from "elysia";
import { catalogViolations, draftOf } from "../../src/broker/draft.ts";
import { Catalog } from "../../src/events/catalog.ts";
import { isEventInput } from "../../src/events/event-input.ts";
import { guard } from "../../src/http/access/guard.ts";
import { readJsonBytes } from "../../src/http/request/body.ts";
import { parseJson } from "../../src/http/request/json.ts";
import { givenRequestId } from "../../src/http/request/request.ts";
import { turn } from "../../src/timers.ts";

const rules = { catalog: new Catalog(), strict: false };
const check = guard({ hosts: [], origins: [], remedies: { host: (name) => name, origin: (name) => name } });
const headers = new Headers({
  "content-type": "application/json;charset=utf-8",
  "x-content-type-options": "nosniff",
});

new Elysia()
  .onRequest(({ request }) => {
    givenRequestId(request);
    check(request);
  })
  .post(
    "/publish",
    async ({ request, server }) => {
      const bytes = await readJsonBytes({ request, server }, { bytes: 1024 * 1024, timeout: 30_000 });
      const { value } = parseJson(bytes);
      if (catalogViolations(rules, value).length > 0 || !isEventInput(value)) throw new Error("not an event");
      draftOf(value);
      await turn();
      return new Response(JSON.stringify({ id: "bcdfghjkmnpq-12345", recipients: 0 }), { headers });
    },
    { parse: "none" },
  )
  .listen({ hostname: "127.0.0.1", port: Number(process.argv[2]), development: false });
