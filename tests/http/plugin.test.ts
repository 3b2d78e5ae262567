import { expect, test } from "bun:test";
import { treaty } from "@elysiajs/eden";
import { Type } from "@sinclair/typebox";
import { type AnyElysia, Elysia } from "elysia";
import { type Access, type App, Broker, Catalog, handleSSE, tidings } from "tidings";
import { defer } from "../defer.ts";
import { post } from "../post.ts";
import { Reader } from "./reader.ts";

function listen(app: AnyElysia): string {
  app.listen({ port: 0, hostname: "127.0.0.1" });
  defer(() => app.stop(true));
  if (!app.server) throw new Error("not listening");
  return app.server.url.origin;
}

/** The application's own choice: whoever reaches it may do everything. */
const access: Access = () => ({
  publish: { topics: ["*"] },
  subscribe: ["*"],
  privateTopics: [],
  admin: true,
});

test("in an application, with a prefix, each keeps to its own", async () => {
  const broker = new Broker();
  const errors: unknown[] = [];
  const passed: string[] = [];
  const url = listen(
    new Elysia()
      .onError(({ code }) => {
        errors.push(code);
        return new Response("the application's own", { status: 599 });
      })
      .derive(() => ({ user: "ada" }))
      .onBeforeHandle(({ path, set, request }) => {
        passed.push(path);
        if (request.headers.get("x-blocked")) {
          set.status = 418;
          return "not here";
        }
      })
      .get("/who", ({ user }) => user)
      .get("/broken", () => {
        throw new Error("broken");
      })
      .use(new Elysia({ prefix: "/hub" }).use(tidings({ broker, access })))
      .get("/after", ({ user }) => `still ${user}`)
      .get("/status", () => "the application's status"),
  );

  // Its own routes and errors are as they were.
  expect(await (await fetch(`${url}/who`)).text()).toBe("ada");
  expect(await (await fetch(`${url}/after`)).text()).toBe("still ada");
  expect(await (await fetch(`${url}/status`)).text()).toBe("the application's status");
  expect((await fetch(`${url}/broken`)).status).toBe(599);
  expect((await fetch(`${url}/gone`)).status).toBe(599);
  expect(errors).toEqual(["UNKNOWN", "NOT_FOUND"]);

  // So are the hub's, whatever the application makes of its own errors.
  const reader = await Reader.open(`${url}/hub/events`);
  const refused = await post(`${url}/hub/publish`, { type: "trace-update", data: {} });
  expect([refused.status, refused.headers.get("content-type")]).toEqual([422, "application/problem+json"]);
  expect((await fetch(`${url}/hub/events?topic=%0A`)).status).toBe(400);
  expect(await (await post(`${url}/hub/publish`, { type: "n", data: 1 })).json()).toMatchObject({
    recipients: 1,
  });
  broker.broadcastJSON("n", 2);
  expect(await reader.take(3)).toEqual([
    ["connected", expect.anything()],
    ["n", 1],
    ["n", 2],
  ]);
  expect(errors).toHaveLength(2);

  // The application's hooks stand before the hub's routes, too.
  expect(passed).toContain("/hub/publish");
  const blocked = await fetch(`${url}/hub/status`, { headers: { "x-blocked": "1" } });
  expect([blocked.status, await blocked.text()]).toEqual([418, "not here"]);
});

test("two hubs in one application do not touch each other", async () => {
  const catalog = new Catalog({ greeting: Type.Literal("hello") });
  const [a, b] = [new Broker({ catalog, strict: true }), new Broker()];
  const url = listen(
    new Elysia()
      .group("/a", (app) => app.use(tidings({ broker: a, access })))
      .group("/b", (app) => app.use(tidings({ broker: b, access, limits: { maxEvent: 100 } }))),
  );
  const readers = [await Reader.open(`${url}/a/events`), await Reader.open(`${url}/b/events`)];
  const statuses = async (body: unknown) =>
    Promise.all(["a", "b"].map(async (hub) => (await post(`${url}/${hub}/publish`, body)).status));
  expect(await statuses({ type: "greeting", data: "hello" })).toEqual([200, 200]);
  expect(await statuses({ type: "greeting", data: "bye" })).toEqual([422, 200]);
  expect(await statuses({ type: "other", data: 1 })).toEqual([422, 200]);
  expect(await statuses({ type: "notification", data: "x".repeat(100) })).toEqual([422, 413]);
  expect([a.totals.published, b.totals.published]).toEqual([1, 3]);
  await a.close();
  expect(await statuses({ type: "greeting", data: "hello" })).toEqual([503, 200]);
  expect(await Promise.all(readers.map((reader) => reader.take(5)))).toEqual([
    [
      ["connected", expect.anything()],
      ["greeting", "hello"],
    ],
    [
      ["connected", expect.anything()],
      ["greeting", "hello"],
      ["greeting", "bye"],
      ["other", 1],
      ["greeting", "hello"],
    ],
  ]);
});

test("handleSSE alone is a handler like any other", async () => {
  const broker = new Broker();
  const url = listen(
    new Elysia()
      .onError(() => new Response("the application's own", { status: 599 }))
      .get("/news/:about", handleSSE(broker)),
  );
  const reader = await Reader.open(`${url}/news/all?topic=a`);
  broker.broadcast({ type: "n", data: 1, topics: ["b"] });
  broker.broadcast({ type: "n", data: 2, topics: ["a"] });
  expect(await reader.take(2)).toEqual([
    ["connected", expect.anything()],
    ["n", 2],
  ]);
  const refused = await fetch(`${url}/news/all?topic=%0A`);
  expect([refused.status, refused.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
});

test("a treaty of @elysiajs/eden knows the routes", async () => {
  const broker = new Broker();
  const hub = treaty<App>(listen(new Elysia().use(tidings({ broker, access }))));

  const published = await hub.publish.post({ type: "n", data: { any: ["thing"] }, topics: ["a"] });
  const id: string | undefined = published.data?.id;
  const recipients: number | undefined = published.data?.recipients;
  expect([id, recipients]).toEqual([expect.any(String), 0]);

  const batch = await hub.publish.batch.post([{ type: "n", data: 1 }]);
  const ids: string[] | undefined = batch.data?.ids;
  expect(ids).toHaveLength(1);

  const status = await hub.status.get();
  const clients: number | undefined = status.data?.connected_clients;
  expect(clients).toBe(0);

  const gone = await hub.clients({ id: "nobody" }).delete();
  expect(gone.status).toBe(404);

  const refused = await hub.publish.post({ type: "connected", data: 1 });
  expect([refused.status, refused.data]).toEqual([422, null]);
  expect(refused.error?.value).toMatchObject({ status: 422 });

  // @ts-expect-error: not an event
  await hub.publish.post({ typ: "n" });
  // @ts-expect-error: no such route
  hub.nowhere?.get;
});

test("a treaty knows them under a prefix, beside the application's own", async () => {
  const app = new Elysia()
    .get("/who", () => "ada" as const)
    .group("/hub", (hub) => hub.use(tidings({ broker: new Broker(), access })));
  const api = treaty<typeof app>(listen(app));
  const who: "ada" | null = (await api.who.get()).data;
  const published = await api.hub.publish.post({ type: "n", data: 1 });
  const recipients: number | undefined = published.data?.recipients;
  expect([who, recipients]).toEqual(["ada", 0]);
});

test("takes a prefix by itself, which a treaty knows too", async () => {
  const broker = new Broker();
  const app = new Elysia()
    .get("/status", () => "the application's" as const)
    .use(tidings({ broker, access, prefix: "/hub" }));
  const url = listen(app);
  const api = treaty<typeof app>(url);
  const reader = await Reader.open(`${url}/hub/events`);
  const published = await api.hub.publish.post({ type: "n", data: 1 });
  const recipients: number | undefined = published.data?.recipients;
  const own: "the application's" | null = (await api.status.get()).data;
  expect([recipients, own]).toEqual([1, "the application's"]);
  expect(await reader.take(2)).toEqual([
    ["connected", expect.anything()],
    ["n", 1],
  ]);
  expect((await fetch(`${url}/events`)).status).toBe(404);
  // @ts-expect-error: they are not at the root
  api.publish?.post;
});
