import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { Broker, handleSSE } from "tidings";
import { createApp } from "../../../src/app.ts";
import { flagRemedies } from "../../../src/config/remedies.ts";
import { openAccess } from "../../../src/http/access/access.ts";
import { silent } from "../../../src/logger.ts";
import { defer } from "../../defer.ts";
import { startHub } from "../../hub.ts";
import { post } from "../../post.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

test.each([
  ["topics=a", "topic"],
  ["topic[]=a", "topic"],
  ["Topic=a", "topic"],
  ["types=a", "type"],
  ["lasteventid=a", "last_event_id"],
  ["last-event-id=a", "last_event_id"],
  ["topic=a&tpye=b", "type"],
])("/events?%s is refused, and told which name was meant", async (query, meant) => {
  const { url, broker } = startHub();
  const { detail, type } = await problemOf(await fetch(`${url}/events?${query}`), 400);
  expect([type, detail]).toEqual([
    "unknown-parameter",
    expect.stringMatching(new RegExp(`did you mean ${meant}\\?$`)),
  ]);
  expect(broker.clientCount).toBe(0);
});

test("every route of the interface refuses a name that it does not know; pages take any", async () => {
  const { url } = startHub();
  const app = createApp({ remedies: flagRemedies, broker: new Broker(), logger: silent, access: openAccess });
  const refused = new Set<string>();
  for (const { method, path, hooks } of app.routes) {
    if (method === "OPTIONS" || hooks?.detail?.hide || path.startsWith("/openapi")) continue;
    const { detail } = await problemOf(await fetch(`${url}${path}?unheard-of=1`, { method }), 400);
    expect([method, path, detail]).toEqual([method, path, expect.stringContaining('"unheard-of"')]);
    refused.add(`${method} ${path}`);
  }
  expect([...refused]).toEqual(
    expect.arrayContaining(["GET /events", "POST /publish", "GET /history", "POST /session", "GET /healthz"]),
  );
  for (const path of ["/", "/openapi", "/openapi/json"]) {
    expect([path, (await fetch(`${url}${path}?utm_source=x`)).status]).toEqual([path, 200]);
  }
});

test("a name that is like none is answered with those that there are, and a long one in few words", async () => {
  const { url } = startHub();
  const detailOf = async (query: string) => (await problemOf(await fetch(`${url}${query}`), 400)).detail;
  expect(await detailOf("/history?cursor=1")).toContain("it takes topic, type, after, limit");
  expect(await detailOf("/healthz?x")).toContain("takes none");
  expect((await detailOf(`/history?${"topic".repeat(2000)}=1`)).length).toBeLessThan(300);
  expect(await detailOf("/history?__proto__=1")).toContain("__proto__");
  expect(await detailOf("/history?constructor=1")).toContain("constructor");
});

test("a polyfill's lastEventId is the last event id, and wins over the one that the page began with", async () => {
  const { url } = startHub();
  for (const id of ["1", "2", "3"]) await post(`${url}/publish`, { type: "n", data: id, id });
  for (const query of [
    "lastEventId=2",
    "lastEventID=2",
    "last_event_id=1&lastEventId=2",
    "lastEventId=2&last_event_id=1",
    "last_event_id=2&lastEventId=",
  ]) {
    const reader = await Reader.open(`${url}/events?${query}`);
    expect([query, await reader.take(2)]).toEqual([
      query,
      [
        ["connected", expect.anything()],
        ["n", "3"],
      ],
    ]);
  }
});

test("what may be given once is refused when it is given twice", async () => {
  const { url } = startHub();
  const { detail } = await problemOf(await fetch(`${url}/history?limit=1&limit=2`), 400);
  expect(detail).toBe("limit is given more than once");
});

test("the description says of each name what the check asks for", async () => {
  const { url } = startHub();
  const { paths } = (await (await fetch(`${url}/openapi/json`)).json()) as {
    paths: Record<string, Record<string, { parameters: { name: string; in: string; schema: unknown }[] }>>;
  };
  const query = (path: string) =>
    Object.fromEntries(
      (paths[path]?.["get"]?.parameters ?? [])
        .filter((one) => one.in === "query")
        .map(({ name, schema }) => [name, schema]),
    );
  expect(query("/history")).toEqual({
    topic: { type: "array", items: expect.objectContaining({ type: "string" }), examples: [["orders/*"]] },
    type: {
      type: "array",
      items: expect.objectContaining({ type: "string" }),
      examples: [["order-shipped"]],
    },
    after: { type: "string", examples: ["earliest"] },
    limit: { type: "integer", minimum: 1, maximum: 1000, default: 1000 },
    wait: { type: "string", allOf: [{ pattern: expect.any(String) }], examples: ["30s"] },
  });
  expect(Object.keys(query("/events"))).toEqual(
    expect.arrayContaining(["topic", "type", "last_event_id", "ticket"]),
  );
  expect(Object.keys(query("/clients"))).toEqual(["address", "subject"]);
});

test("so it is with the stream's handler in an application of one's own", async () => {
  const app = new Elysia().get("/live", handleSSE(new Broker())).listen({ port: 0, hostname: "127.0.0.1" });
  defer(() => app.stop(true));
  const url = `${app.server?.url.origin}/live`;
  expect((await problemOf(await fetch(`${url}?topics=a`), 400)).detail).toContain("did you mean topic?");
  await Reader.open(`${url}?topic=a`);
});
