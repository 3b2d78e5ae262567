import { expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import type { DisconnectListener } from "../../src/broker/sink.ts";
import { until } from "../until.ts";
import { Recorder } from "./recorder.ts";

/** The end of this turn of the event loop, at which what was broadcast goes out. */
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

/** Resolves to whether the promise is settled by the end of this turn. */
const settled = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), turn().then(() => false)]);

test("a client is told its waiting time and that it is connected, before anything else", async () => {
  const broker = new Broker();
  const stream = new Recorder();
  broker.broadcast({ type: "early", data: 0 });
  const { id } = broker.addClient(stream);
  broker.broadcast({ type: "late", data: 1 });
  await turn();
  const text = Buffer.concat(stream.chunks).toString();
  const place = broker.log.place(0);
  const hello = `retry: 3000\nevent: connected\ndata: {"client_id":"${id}","status":"connected"}\nid: ${place}\n\n`;
  expect(text).toStartWith(hello);
  const [, ...events] = stream.read.events;
  expect(events.map(({ event }) => event)).toEqual(["early", "late"]);
});

test("every client has an id of its own", () => {
  const broker = new Broker();
  const ids = Array.from({ length: 100 }, () => broker.addClient(new Recorder()).id);
  expect(new Set(ids).size).toBe(100);
  expect(broker.clientCount).toBe(100);
});

test("a broadcast reaches every client, in one order", async () => {
  const broker = new Broker();
  const streams = Array.from({ length: 5 }, () => new Recorder());
  for (const stream of streams) broker.addClient(stream);
  const sent = Array.from({ length: 1000 }, (_, n): [string, unknown] => ["n", n]);
  for (const [type, data] of sent) {
    broker.broadcast({ type, data });
    if (Math.random() < 0.01) await turn();
  }
  await turn();
  for (const stream of streams) expect(stream.events).toEqual(sent);
  expect(broker.totals).toMatchObject({ published: 1000, delivered: 5000, connected: 5 });
});

test("what is broadcast in one turn is written at once", async () => {
  const broker = new Broker();
  const stream = new Recorder();
  broker.addClient(stream);
  for (let n = 0; n < 10; n++) broker.broadcast({ type: "n", data: n });
  await turn();
  expect(stream.chunks).toHaveLength(2);
});

test("broadcastJSON sends a type and its data", async () => {
  const broker = new Broker();
  const stream = new Recorder();
  broker.addClient(stream);
  broker.broadcastJSON("nav-badge-update", { path: "/inbox", badge: "3" });
  broker.broadcastJSON("of-mine", { any: ["thing", null] });
  await turn();
  expect(stream.events).toEqual([
    ["nav-badge-update", { path: "/inbox", badge: "3" }],
    ["of-mine", { any: ["thing", null] }],
  ]);
});

test("what is no event is refused where it is broadcast", () => {
  const broker = new Broker();
  const circular: unknown[] = [];
  circular.push(circular);
  const wrong: [type: string, data: unknown][] = [
    ["", 1],
    ["two\nlines", 1],
    ["connected", 1],
    ["tidings.gap", 1],
    ["n", undefined],
    ["n", () => {}],
    ["n", 1n],
    ["n", circular],
  ];
  for (const [type, data] of wrong) {
    expect(() => broker.broadcast({ type, data })).toThrow(TypeError);
    expect(() => broker.broadcastJSON(type, data)).toThrow(TypeError);
  }
  const wrongBeside = [{ id: "" }, { id: "a\rb" }, { topics: ["*"] }, { topics: ["\u200b"] }, { retry: -1 }];
  for (const event of wrongBeside) {
    expect(() => broker.broadcast({ type: "n", data: 1, ...event })).toThrow(TypeError);
    expect(broker.publishBatch([{ type: "n", data: 1, ...event }])).rejects.toThrow(TypeError);
  }
});

test("what is done to an event after it was broadcast changes nothing", async () => {
  const broker = new Broker();
  const stream = new Recorder();
  broker.addClient(stream, { interest: { topics: ["a"], types: [] } });
  const topics = ["a"];
  const data = { n: 1 };
  broker.broadcast({ type: "n", data, topics });
  topics[0] = "b";
  data.n = 2;
  await turn();
  expect(stream.events).toEqual([["n", { n: 1 }]]);
});

test("a failed send removes that client alone", async () => {
  const broker = new Broker();
  const [good, bad, other] = [new Recorder(), new Recorder(), new Recorder()];
  broker.addClient(good);
  const gone = broker.addClient(bad);
  const stays = broker.addClient(other);
  bad.fails = true;
  broker.broadcast({ type: "n", data: 1 });
  await gone.closed;
  broker.broadcast({ type: "n", data: 2 });
  await turn();
  expect(broker.clientCount).toBe(2);
  expect(await settled(stays.closed)).toBeFalse();
  for (const stream of [good, other]) {
    expect(stream.closed).toBe(0);
    expect(stream.events).toEqual([
      ["n", 1],
      ["n", 2],
    ]);
  }
  expect(broker.removeClient(gone.id)).toBeFalse();
});

test("a stream that fails at the greeting is never a client", () => {
  const broker = new Broker();
  const stream = new Recorder();
  stream.fails = true;
  expect(() => broker.addClient(stream)).toThrow("the stream is gone");
  expect(broker.clientCount).toBe(0);
});

test("a failed keep-alive removes the client", async () => {
  const broker = new Broker({ keepAlive: 5 });
  const stream = new Recorder();
  const { closed } = broker.addClient(stream);
  stream.fails = true;
  await closed;
  expect(broker.clientCount).toBe(0);
});

test("a client that is removed is sent what was published before, and nothing after", async () => {
  const broker = new Broker();
  const stream = new Recorder();
  const { id, closed } = broker.addClient(stream);
  broker.broadcast({ type: "n", data: "you are being removed" });
  expect([broker.removeClient(id), broker.removeClient(id), broker.clientCount]).toEqual([true, false, 0]);
  await closed;
  expect(stream.events).toEqual([["n", "you are being removed"]]);
  broker.broadcast({ type: "n", data: "to the others" });
  await broker.close();
  expect([stream.events.length, stream.closed]).toEqual([1, 1]);
});

test("removeClient ends that stream alone", async () => {
  const broker = new Broker();
  const [leaves, stays] = [new Recorder(), new Recorder()];
  const { id, closed } = broker.addClient(leaves);
  const other = broker.addClient(stays);
  expect(broker.removeClient(id)).toBeTrue();
  await closed;
  expect([leaves.closed, stays.closed]).toEqual([1, 0]);
  expect(broker.removeClient(id)).toBeFalse();
  expect(broker.removeClient("nobody")).toBeFalse();
  broker.broadcast({ type: "n", data: 1 });
  await turn();
  expect(leaves.events).toEqual([]);
  expect(stays.events).toEqual([["n", 1]]);
  expect(await settled(other.closed)).toBeFalse();
});

test("`closed` may be asked for late, and `removed` is called once", async () => {
  const broker = new Broker();
  const about = { address: "192.0.2.1" };
  const told: unknown[] = [];
  const removed = (who: unknown) => told.push(who);
  const client = broker.addClient(new Recorder(), { about, removed });
  broker.addClient(new Recorder());
  expect(told).toEqual([]);
  broker.removeClient(client.id);
  await client.closed;
  await broker.close();
  expect(told).toEqual([about]);
});

test("a client whose stream says that its reader has left is removed", async () => {
  const broker = new Broker();
  const listeners: DisconnectListener[] = [];
  const stream = Object.assign(new Recorder(), {
    onDisconnect: (listener: DisconnectListener) => listeners.push(listener),
  });
  const { closed } = broker.addClient(stream);
  broker.addClient(new Recorder());
  listeners[0]?.disconnected();
  await closed;
  expect(broker.clientCount).toBe(1);
});

test("close ends every stream, resolves every `closed` and takes no more clients", async () => {
  const broker = new Broker();
  const streams = Array.from({ length: 20 }, () => new Recorder());
  const clients = streams.map((stream) => broker.addClient(stream));
  // One that is full and will never have room again is ended like the others.
  let ended = false;
  const stalled = broker.addClient({ enqueue: () => new Promise(() => {}), close: () => (ended = true) });
  const closing = broker.close();
  await Promise.all([...clients, stalled].map(({ closed }) => closed));
  expect(streams.every(({ closed }) => closed === 1) && ended).toBeTrue();
  await closing;
  expect(broker.clientCount).toBe(0);
  expect(broker.closed).toBeTrue();
  expect(() => broker.addClient(new Recorder())).toThrow("the broker is closed");
  expect(broker.publishBatch([{ type: "n", data: 1 }])).rejects.toThrow("the broker is closed");
  broker.broadcast({ type: "n", data: 1 });
  await turn();
  expect(streams[0]?.events).toEqual([]);
  await broker.close();
});

test("what is broadcast before close goes out before it; without, close is done when it returns", async () => {
  const broker = new Broker();
  const stream = new Recorder();
  const { closed } = broker.addClient(stream);
  broker.broadcast({ type: "bye", data: 1 });
  void broker.close();
  broker.broadcast({ type: "too-late", data: 2 });
  expect(() => broker.addClient(new Recorder())).toThrow("the broker is closed");
  await closed;
  expect(stream.events).toEqual([["bye", 1]]);

  const quiet = new Broker();
  quiet.addClient(new Recorder());
  void quiet.close();
  expect(quiet.clientCount).toBe(0);
});

test("a stream that throws when it is closed keeps no other from being closed", async () => {
  const broker = new Broker();
  const [bad, good] = [new Recorder(), new Recorder()];
  const clients = [bad, good].map((stream) => broker.addClient(stream));
  bad.fails = true;
  await broker.close();
  await Promise.all(clients.map(({ closed }) => closed));
  expect(good.closed).toBe(1);
});

test("an AbortSignal removes its client", async () => {
  const broker = new Broker();
  const stop = new AbortController();
  const stream = new Recorder();
  const { closed } = broker.addClient(stream, { signal: stop.signal });
  broker.addClient(new Recorder());
  stop.abort();
  await closed;
  expect(broker.clientCount).toBe(1);
  expect(stream.closed).toBe(1);
  const late = broker.addClient(new Recorder(), { signal: stop.signal });
  await late.closed;
  expect(broker.clientCount).toBe(1);
});

test("a client that is removed leaves nothing on its signal", async () => {
  const broker = new Broker();
  const listeners = new Set<unknown>();
  const { signal } = new AbortController();
  signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener);
  signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener);
  const { id, closed } = broker.addClient(new Recorder(), { signal });
  expect(listeners.size).toBe(1);
  broker.removeClient(id);
  await closed.then(turn);
  expect(listeners.size).toBe(0);
});

test("one timer keeps all streams alive, and none runs without clients", async () => {
  const timers = new Set<unknown>();
  const { setInterval, clearInterval } = globalThis;
  let made = 0;
  globalThis.setInterval = ((run: () => void, ms: number) => {
    const timer = setInterval(run, ms);
    timers.add(timer);
    made++;
    return timer;
  }) as typeof setInterval;
  globalThis.clearInterval = ((timer: ReturnType<typeof setInterval>) => {
    timers.delete(timer);
    clearInterval(timer);
  }) as typeof clearInterval;
  try {
    const broker = new Broker({ keepAlive: 5 });
    expect(broker.keepAlive).toBe(5);
    expect(timers.size).toBe(0);
    const streams = Array.from({ length: 50 }, () => new Recorder());
    const clients = streams.map((stream) => broker.addClient(stream));
    expect([timers.size, made]).toEqual([1, 1]);
    await until(() => streams.every(({ read }) => read.comments.length >= 2));
    expect(streams[0]?.read).toMatchObject({ comments: expect.arrayContaining(["keepalive"]) });
    for (const { id } of clients) broker.removeClient(id);
    expect(timers.size).toBe(0);
    broker.addClient(new Recorder());
    expect([timers.size, made]).toEqual([1, 2]);
    await broker.close();
    expect(timers.size).toBe(0);
  } finally {
    Object.assign(globalThis, { setInterval, clearInterval });
  }
});

test("no timer when the keep-alive is off, and 15 s when nothing is said", async () => {
  const broker = new Broker({ keepAlive: 0 });
  const { setInterval } = globalThis;
  globalThis.setInterval = (() => {
    throw new Error("a timer");
  }) as unknown as typeof setInterval;
  try {
    broker.addClient(new Recorder());
  } finally {
    globalThis.setInterval = setInterval;
  }
  expect(new Broker().keepAlive).toBe(15_000);
});

test("a keep-alive longer than a timer can wait is none that goes off at once", () => {
  const { setInterval } = globalThis;
  const waits: (number | undefined)[] = [];
  globalThis.setInterval = ((_: () => void, ms?: number) => waits.push(ms)) as unknown as typeof setInterval;
  try {
    new Broker({ keepAlive: 90 * 24 * 3_600_000 }).addClient(new Recorder());
    new Broker({ keepAlive: Number.NaN }).addClient(new Recorder());
  } finally {
    globalThis.setInterval = setInterval;
  }
  expect(waits).toEqual([2 ** 31 - 1]);
});

test("it logs who comes and goes", async () => {
  const lines: string[] = [];
  const log = (_: unknown, message: string) => void lines.push(message);
  const broker = new Broker({ logger: { debug: log, info: log, warn: log, error: log } });
  const { id } = broker.addClient(new Recorder());
  broker.removeClient(id);
  const bad = new Recorder();
  const { closed } = broker.addClient(bad);
  bad.fails = true;
  broker.broadcast({ type: "n", data: 1 });
  await closed;
  await broker.close();
  expect(lines).toEqual([
    "client connected",
    "client removed",
    "client connected",
    "client removed",
    "broker closed",
  ]);
});

test("publishing tells each event's id and for how many it is", async () => {
  const broker = new Broker();
  broker.addClient(new Recorder(), { interest: { topics: ["a"], types: [] } });
  broker.addClient(new Recorder(), { interest: { topics: [], types: ["n"] } });
  broker.addClient(new Recorder(), { interest: { topics: ["*"], types: ["other"] } });
  const receipts = await broker.publishBatch([
    { type: "n", data: 1, id: "one" },
    { type: "n", data: 2, topics: ["a"] },
    { type: "n", data: 3, topics: ["b"] },
    { type: "other", data: 4 },
    { type: "n", data: 1, id: "one" },
  ]);
  expect(receipts.map(({ recipients, duplicate }) => [recipients, duplicate])).toEqual([
    [2, false],
    [2, false],
    [1, false],
    [2, false],
    [2, true],
  ]);
  expect(receipts[0]?.id).toBe("one");
  expect(new Set(receipts.map(({ id }) => id)).size).toBe(4);
});
