import { describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { type Access, Broker, type TidingsOptions, tidings } from "tidings";
import { defer } from "../../defer.ts";
import { post } from "../../post.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

/** The example of the manual: a hub in an application, and nothing said of who may do what. */
function startApplication(options: Partial<TidingsOptions> = {}) {
  const { broker = new Broker() } = options;
  const app = new Elysia()
    .get("/", () => "my application")
    .group("/live", (app) => app.use(tidings({ ...options, broker })))
    .listen({ port: 0, hostname: "127.0.0.1" });
  defer(() => app.stop(true));
  return { broker, hub: `http://127.0.0.1:${app.server?.port}/live` };
}

const everything: Access = () => ({
  publish: { topics: ["*"] },
  subscribe: ["*"],
  privateTopics: ["*"],
  admin: true,
});

describe("a hub that is told nothing", () => {
  test("lets everyone read what is public, and the application publish", async () => {
    const { broker, hub } = startApplication();
    const reader = await Reader.open(`${hub}/events`);
    broker.broadcast({ type: "secret", data: 1, topic: "users/7", private: true });
    broker.broadcast({ type: "greeting", data: "hello" });
    expect(await reader.take(2)).toEqual([
      ["connected", expect.anything()],
      ["greeting", "hello"],
    ]);
    const { events } = (await (await fetch(`${hub}/history`)).json()) as { events: { type: string }[] };
    expect(events.map(({ type }) => type)).toEqual(["greeting"]);
    for (const path of ["catalog", "status", "healthz", "readyz"]) {
      expect([path, (await fetch(`${hub}/${path}`)).status]).toEqual([path, 200]);
    }
  });

  const refused: [method: string, path: string, body: string | undefined][] = [
    ["POST", "publish", '{"type":"n","data":1}'],
    ["POST", "publish/batch", '[{"type":"n","data":1}]'],
    ["POST", "publish/stream", '{"type":"n","data":1}'],
    ["GET", "clients", undefined],
    ["DELETE", "clients?address=127.0.0.1", undefined],
    ["DELETE", "clients/nobody", undefined],
    ["GET", "metrics", undefined],
  ];
  test.each(refused)("%s %s is a 403 that names the option", async (method, path, body) => {
    const { broker, hub } = startApplication();
    const type = path.endsWith("stream") ? "application/x-ndjson" : "application/json";
    const response = await fetch(`${hub}/${path}`, {
      method,
      ...(body !== undefined && { headers: { "content-type": type }, body }),
    });
    expect(response.headers.get("www-authenticate")).toBeNull();
    const { detail } = await problemOf(response, 403);
    expect(detail).toInclude("the option access of tidings() says who else may");
    expect(broker.totals.published).toBe(0);
  });

  test("opens by access", async () => {
    const { hub } = startApplication({ access: everything });
    expect((await post(`${hub}/publish`, { type: "n", data: 1 })).status).toBe(200);
    for (const path of ["clients", "metrics"]) {
      expect([path, (await fetch(`${hub}/${path}`)).status]).toEqual([path, 200]);
    }
  });
});

test("the broker's logger hears of what is refused", async () => {
  const lines: unknown[] = [];
  const note = (fields: object, message: string) => void lines.push({ ...fields, message });
  const logger = { debug: note, info: note, warn: note, error: note };
  const { hub } = startApplication({ broker: new Broker({ logger }) });
  await post(`${hub}/publish`, { type: "n", data: 1 });
  expect(lines).toContainEqual(expect.objectContaining({ message: "refused", status: 403 }));
});

test("no refusal names a flag of the binary", async () => {
  const nobody: Access = () => ({ subscribe: ["mine"], privateTopics: [] });
  for (const options of [{}, { access: nobody }]) {
    const { hub } = startApplication(options);
    const origin = { origin: "http://evil.test" };
    const answers = await Promise.all([
      post(`${hub}/publish`, { type: "n", data: 1 }),
      fetch(`${hub}/clients`),
      fetch(`${hub}/metrics`),
      fetch(`${hub}/events?topic=a`, { headers: origin }),
      fetch(`${hub}/history`, { headers: { host: "evil.test" } }),
      fetch(`${hub}/events?topics=a`),
      post(`${hub}/tickets`, {}),
    ]);
    for (const answer of answers) expect(await answer.text()).not.toMatch(/(^|[^\w-])--[a-z]/);
  }
});

describe("a page that is not the hub's", () => {
  test("is kept out by its origin", async () => {
    const { broker, hub } = startApplication({ access: everything, origins: ["http://app.test"] });
    const from = (origin: string) =>
      fetch(`${hub}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json", origin },
        body: '{"type":"n","data":1}',
      });
    const { detail } = await problemOf(await from("http://evil.test"), 403);
    expect(detail).toInclude("the option origins of tidings()");
    expect(broker.totals.published).toBe(0);
    expect((await from("http://app.test")).status).toBe(200);
    expect((await from(new URL(hub).origin)).status).toBe(200);
    // A browser that sends no Origin, such as for an image.
    const image = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    expect((await fetch(`${hub}/status`, { headers: image })).status).toBe(403);
  });

  test("is kept out by its name, pointed at this machine", async () => {
    const rebound = { host: "evil.test:3000" };
    const { hub } = startApplication();
    for (const path of ["events", "history", "status", "catalog", "clients", "healthz"]) {
      const { detail } = await problemOf(await fetch(`${hub}/${path}`, { headers: rebound }), 421);
      expect(detail).toInclude("the option hosts of tidings()");
    }
    // A policy may go by what a page of this machine shares with it, such as the address.
    const open = startApplication({ access: everything });
    expect((await fetch(`${open.hub}/clients`, { headers: rebound })).status).toBe(421);
    const named = startApplication({ hosts: ["Hub.example.org"], access: everything });
    expect((await fetch(`${named.hub}/status`, { headers: { host: "hub.example.org" } })).status).toBe(200);
    expect((await fetch(`${named.hub}/status`, { headers: rebound })).status).toBe(421);
    // The application's own routes are the application's.
    expect((await fetch(new URL("/", hub), { headers: rebound })).status).toBe(200);
  });
});

test("every answer has nosniff", async () => {
  const { hub } = startApplication();
  const answers = await Promise.all([
    fetch(`${hub}/status`),
    fetch(`${hub}/events`),
    fetch(`${hub}/clients`),
    fetch(`${hub}/events?topics=a`),
    fetch(`${hub}/status`, { headers: { host: "evil.test" } }),
    post(`${hub}/publish`, {}),
  ]);
  expect(answers.map(({ headers }) => headers.get("x-content-type-options"))).toEqual(
    answers.map(() => "nosniff"),
  );
});
