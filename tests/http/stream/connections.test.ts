import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { type AnyElysia, Elysia } from "elysia";
import { Broker, Catalog, type Connection, handleSSE, InvalidEvent, Problem, tidings } from "tidings";
import { createSubscriber } from "tidings/sdk";
import { defer } from "../../defer.ts";
import { open } from "../../mercure/mercure-hub.ts";
import { until } from "../../until.ts";
import { Reader } from "../reader.ts";

const events = { "order-shipped": Type.Object({ id: Type.Integer() }), note: Type.String() };
type Events = typeof events;
const newBroker = () => new Broker({ catalog: new Catalog(events) });

function listen(app: AnyElysia): string {
  app.listen({ port: 0, hostname: "127.0.0.1" });
  defer(() => app.stop(true));
  if (!app.server) throw new Error("not listening");
  return app.server.url.origin;
}

test("the first events are for that client alone, and come before all others", async () => {
  const broker = newBroker();
  await broker.publish({ type: "note", data: "held", retain: true });
  const clients: Connection<Events>[] = [];
  const url = listen(
    new Elysia().use(
      tidings({
        broker,
        async onConnect(client) {
          await Bun.sleep(0);
          expect(client.isOpen).toBe(false);
          client.send("order-shipped", { id: clients.push(client) });
          expect(() => client.send("order-shipped", { id: "1" } as never)).toThrow(InvalidEvent);
        },
      }),
    ),
  );
  const readers = [await Reader.open(`${url}/events`), await Reader.open(`${url}/events`)];
  const [first, second] = readers;
  const [connected, own, held] = (await first?.take(3)) ?? [];
  expect(connected).toEqual(["connected", { client_id: clients[0]?.id, status: "connected" }]);
  expect([own, held]).toEqual([
    ["order-shipped", { id: 1 }],
    ["note", "held"],
  ]);
  expect((await second?.take(2))?.[1]).toEqual(["order-shipped", { id: 2 }]);
  // Later too; and it moves nobody's cursor.
  expect(clients[1]?.isOpen).toBe(true);
  expect(clients[1]?.send("note", "for you")).toBe(true);
  await second?.take(2);
  const event = await second?.next();
  expect([event?.id, event?.event, event?.data]).toEqual([undefined, "note", '"for you"']);
  expect(broker.log.head).toBe(1);
});

test("each format has them in its own form", async () => {
  const broker = newBroker();
  const url = listen(
    new Elysia().use(tidings({ broker, onConnect: (client) => void client.send("note", "hi") })),
  );
  const texts = await Promise.all(
    ["/events?format=text", "/.well-known/mercure?match=a"].map((path) => open(url + path)),
  );
  for (const stream of texts) {
    await until(() => stream.events.length === 1);
    expect(stream.events[0]).toMatchObject({ event: "note" });
  }
  expect(texts.map((stream) => stream.events[0]?.["data"])).toEqual(["hi", '"hi"']);
  for await (const event of createSubscriber<Events>({ url, types: ["note"] })) {
    expect(event).toMatchObject({ type: "note", data: "hi", topics: [] });
    break;
  }
});

test("a client is refused with a problem, by every stream", async () => {
  const ended: string[] = [];
  const url = listen(
    new Elysia().use(
      tidings({
        broker: newBroker(),
        onConnect() {
          throw new Problem(403, "not today", { headers: { "x-why": "because" } });
        },
        onDisconnect: ({ id }) => ended.push(id),
      }),
    ),
  );
  for (const path of ["/events", "/.well-known/mercure?match=a"]) {
    const answer = await fetch(url + path);
    expect([answer.status, answer.headers.get("x-why"), (await answer.json()).detail]).toEqual([
      403,
      "because",
      "not today",
    ]);
  }
  expect(ended).toEqual([]);
});

test("more topics are allowed, or added to those that it asks for", async () => {
  const broker = newBroker();
  const access = () => ({ subject: "ada", subscribe: ["public/*"], privateTopics: [] });
  const url = listen(
    new Elysia().use(
      tidings({
        broker,
        access,
        onConnect(client) {
          expect(client.grant.subject).toBe("ada");
          if (client.topics.includes("orders/7")) client.allow("orders/*");
          else client.subscribe("users/ada");
          expect(() => client.allow("\n")).toThrow(TypeError);
        },
      }),
    ),
  );
  expect((await fetch(`${url}/events?topic=orders/8`)).status).toBe(403);
  const [allowed, added] = await Promise.all(
    ["?topic=orders/7", ""].map((query) => Reader.open(`${url}/events${query}`)),
  );
  for (const topic of ["orders/8", "orders/7", "users/ada", "public/1"]) {
    await broker.topic(topic).publish("note", topic, { private: true });
  }
  expect((await allowed?.take(2))?.[1]).toEqual(["note", "orders/7"]);
  expect((await added?.take(2))?.[1]).toEqual(["note", "users/ada"]);
  expect([...broker.topic("users/ada").clients].map(({ about, topics }) => [about.subject, topics])).toEqual([
    ["ada", ["users/ada"]],
  ]);
});

test("a client that has left is told of once, the same that has come", async () => {
  const broker = newBroker();
  const here = new Set<Connection<Events>>();
  const left: Connection<Events>[] = [];
  const url = listen(
    new Elysia().get(
      "/sse",
      handleSSE(broker, {
        onConnect: (client) => void here.add(client),
        onDisconnect(client) {
          expect(here.delete(client)).toBe(true);
          left.push(client);
        },
      }),
    ),
  );
  const reader = await Reader.open(`${url}/sse`);
  await Reader.open(`${url}/sse`);
  await until(() => broker.clientCount === 2);
  const [first, second] = here;
  expect(here.size).toBe(2);
  reader.leave();
  await until(() => left.length === 1);
  expect([left[0] === first, first?.send("note", "too late")]).toEqual([true, false]);
  broker.removeClient(second?.id ?? "");
  await until(() => left.length === 2);
  expect(() => second?.subscribe("a")).toThrow("not later");
  // Let in, and refused by what comes after.
  expect((await fetch(`${url}/sse?topic=${"x".repeat(2000)}`)).status).toBe(400);
  expect((await fetch(`${url}/sse`, { method: "HEAD" })).status).toBe(200);
  expect([here.size, left.length]).toEqual([0, 3]);
});

test("an error of onDisconnect is logged", async () => {
  const logged: unknown[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (...line: unknown[]) => logged.push(line) };
  const broker = new Broker({ logger });
  const url = listen(
    new Elysia().use(
      tidings({
        broker,
        onDisconnect() {
          throw new Error("oh");
        },
      }),
    ),
  );
  (await Reader.open(`${url}/events`)).leave();
  await until(() => logged.length === 1);
  expect(Bun.inspect(logged)).toContain("onDisconnect failed");
  expect(broker.clientCount).toBe(0);
});
