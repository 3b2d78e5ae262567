import { expect, test } from "bun:test";
import { Stream } from "@elysiajs/stream";
import { Elysia } from "elysia";
import { Broker } from "../../src/broker/broker.ts";
import type { ClientHandle } from "../../src/broker/options.ts";
import { handleSSE } from "../../src/http/routes/events.ts";
import { defer } from "../defer.ts";
import { Reader } from "../http/reader.ts";
import { until } from "../until.ts";
import { Recorder } from "./recorder.ts";

// Each kind of stream that `addClient` takes, in an application of the user's own, over real HTTP.

type Handler = (context: {
  request: Request;
  server: Bun.Server<unknown> | null;
}) => Response | Promise<Response>;

const headers = { "content-type": "text/event-stream" };

const kinds: Record<string, (broker: Broker, added: (client: ClientHandle) => void) => Handler> = {
  "the controller of a ReadableStream": (broker, added) => () =>
    new Response(
      new ReadableStream({
        start: (controller) => added(broker.addClient(controller)),
      }),
      { headers },
    ),

  "the controller of a ReadableStream, with a signal":
    (broker, added) =>
    ({ request: { signal } }) =>
      new Response(
        new ReadableStream({
          start: (controller) => added(broker.addClient(controller, { signal })),
        }),
        { headers },
      ),

  "a Stream of @elysiajs/stream": (broker, added) => () => {
    const stream = new Stream();
    added(broker.addClient(stream));
    return new Response(stream.value, { headers });
  },

  "a Stream of @elysiajs/stream with fields of its own and a signal":
    (broker, added) =>
    ({ request: { signal } }) => {
      const stream = new Stream(undefined, { event: "theirs", retry: 1 });
      added(broker.addClient(stream, { signal }));
      return new Response(stream.value, { headers });
    },

  "the stream of handleSSE": (broker) => handleSSE(broker),
};

/** Starts an application with one route of this kind. */
function start(kind: (typeof kinds)[string], { keepAlive = 15_000 } = {}) {
  const broker = new Broker({ keepAlive });
  const clients: ClientHandle[] = [];
  const app = new Elysia()
    .get("/live", kind(broker, (client) => clients.push(client)) as never)
    .listen({ port: 0, hostname: "127.0.0.1" });
  defer(() => app.server?.stop(true));
  return { url: `http://127.0.0.1:${app.server?.port}/live`, broker, clients };
}

for (const [name, kind] of Object.entries(kinds)) {
  test(`${name}: greeting, events in order, removal, close`, async () => {
    const { url, broker } = start(kind);
    const readers = await Promise.all([1, 2, 3].map(() => Reader.open(url)));
    const ids: string[] = [];
    for (const reader of readers) {
      const connected = await reader.next();
      expect(connected).toMatchObject({ event: "connected", id: broker.log.place(0) });
      const data = JSON.parse(connected?.data ?? "");
      expect(data).toEqual({ client_id: expect.any(String), status: "connected" });
      ids.push(data.client_id);
      expect(reader.retries).toEqual([3000]);
    }
    expect(new Set(ids).size).toBe(3);
    const sent = Array.from({ length: 500 }, (_, n): [string, unknown] => [
      "n",
      { n, text: "é\n→".repeat(n % 50) },
    ]);
    for (const [type, data] of sent) {
      broker.broadcast({ type, data });
      if (Math.random() < 0.1) await new Promise(setImmediate);
    }
    for (const reader of readers) expect(await reader.take(500)).toEqual(sent);

    expect(broker.removeClient(ids[0] ?? "")).toBeTrue();
    expect(await readers[0]?.next()).toBeUndefined();
    broker.broadcast({ type: "after", data: 1 });
    for (const reader of readers.slice(1)) expect(await reader.take(1)).toEqual([["after", 1]]);
    await broker.close();
    for (const reader of readers) expect(await reader.next()).toBeUndefined();
  });

  test(`${name}: keep-alives come, and a client that hung up is removed`, async () => {
    const { url, broker, clients } = start(kind, { keepAlive: 20 });
    const stays = await Reader.open(url);
    const leaves = await Reader.open(url);
    expect(await leaves.comment()).toBe("keepalive");
    expect(await leaves.comment()).toBe("keepalive");
    expect(broker.clientCount).toBe(2);
    leaves.leave();
    await until(() => broker.clientCount === 1);
    await clients[1]?.closed;
    await stays.next();
    broker.broadcast({ type: "n", data: 1 });
    expect(await stays.take(1)).toEqual([["n", 1]]);
    expect(await stays.comment()).toBe("keepalive");
  });
}

test("a client that reads slowly gets all of it, and holds nobody up", async () => {
  for (const [name, kind] of Object.entries(kinds)) {
    const { url, broker } = start(kind);
    const [quick, slow] = [await Reader.open(url), await Reader.open(url)];
    await Promise.all([quick.next(), slow.next()]);
    const text = "x".repeat(100_000);
    const sent = Array.from({ length: 100 }, (_, n): [string, unknown] => ["n", { n, text }]);
    for (const [type, data] of sent) broker.broadcast({ type, data });
    // Not one byte is read of the slow one until the quick one has had all.
    expect((await quick.take(100)).length, name).toBe(100);
    expect(
      (await slow.take(100)).map(([, data]) => (data as { n: number }).n),
      name,
    ).toEqual(Array.from({ length: 100 }, (_, n) => n));
  }
}, 60_000);

test("a stream that its reader cancels while it is full is found to be gone", async () => {
  const broker = new Broker();
  const { promise, resolve } = Promise.withResolvers<ClientHandle>();
  const stream = new ReadableStream({ start: (controller) => resolve(broker.addClient(controller)) });
  const { closed } = await promise;
  const reader = stream.getReader();
  // It takes one chunk at a time, so with the greeting it is full until this is looked at.
  await reader.read();
  await reader.cancel();
  await closed;
  expect(broker.clientCount).toBe(0);
  await broker.close();
});

/** A stream that is always full, and counts how often somebody looks. */
class FullStream extends Recorder {
  looks = 0;

  get desiredSize(): number {
    this.looks++;
    return 0;
  }
}

test("nobody looks for room in a stream whose client is gone", async () => {
  const broker = new Broker();
  const [gone, stays] = [new FullStream(), new FullStream()];
  const { id, closed } = broker.addClient(gone);
  await until(() => gone.looks > 1);
  broker.removeClient(id);
  await closed;
  const { looks } = gone;
  broker.addClient(stays);
  await until(() => stays.looks > 10);
  expect(gone.looks).toBe(looks);
  await broker.close();
});
