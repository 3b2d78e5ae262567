import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import {
  type AnyEvents,
  createPublisher,
  createSubscriber,
  type Gap,
  type Presence,
  type ReceivedEvent,
  type Reconnect,
} from "tidings/sdk";
import { Catalog } from "../../src/events/catalog.ts";
import { Recorder } from "../broker/recorder.ts";
import { freePort } from "../free-port.ts";
import { startHub } from "../hub.ts";
import { until } from "../until.ts";

const events = { "order-created": Type.Object({ id: Type.Integer() }) };

test("gives out the events of its topics, typed, and none of the hub's own", async () => {
  const { url } = startHub({ catalog: new Catalog(events) });
  const hub = createPublisher<typeof events>({ url });
  const opened = Promise.withResolvers<string | undefined>();
  const subscriber = createSubscriber<typeof events>({
    url,
    topics: ["orders/*"],
    onOpen: ({ clientId }) => opened.resolve(clientId),
  });
  const received = take(subscriber, 2);
  expect(await opened.promise).toBeString();
  await hub.publish("order-created", { id: 1 }, { topics: ["orders/1"], id: "one" });
  await hub.publish("order-created", { id: 2 }, { topics: ["bills/2"] });
  await hub.publish("order-created", { id: 3 }, { topics: ["orders/3"], id: "three" });
  expect(await received).toEqual([
    { id: "one", type: "order-created", topics: ["orders/1"], time: expect.any(String), data: { id: 1 } },
    { id: "three", type: "order-created", topics: ["orders/3"], time: expect.any(String), data: { id: 3 } },
  ]);
});

test("tells who is there, who comes and who goes, if that is asked for", async () => {
  const { url, broker } = startHub();
  const told: Presence[] = [];
  const subscriber = createSubscriber({ url, topics: ["a"], onPresence: (presence) => told.push(presence) });
  const received = take(subscriber, 1);
  await until(() => told.length === 1);
  broker.addClient(new Recorder(), { about: { subject: "alice" } });
  await until(() => told.length === 2);
  broker.broadcastJSON("nav-badge-update", { path: "/", badge: "" });
  expect(await received).toHaveLength(1);
  expect(told).toEqual([
    { kind: "present", topic: "a", subjects: [], more: 0 },
    { kind: "joined", topic: "a", subjects: ["alice"], more: 0 },
  ]);
});

test("tells the current values of its topics and types, typed", async () => {
  const { url } = startHub({ catalog: new Catalog(events) });
  const hub = createPublisher<typeof events>({ url });
  const retain = true;
  await hub.publish("order-created", { id: 1 }, { topic: "orders/1", retain });
  await hub.publish("order-created", { id: 2 }, { topic: "orders/1", retain });
  await hub.publish("order-created", { id: 3 }, { topic: "bills/3", retain });
  await hub.publish("order-created", { id: 4 }, { topic: "orders/4" });
  const current = await createSubscriber<typeof events>({ url, topics: ["orders/*"] }).current();
  expect(current.map(({ type, topics, data }) => type === "order-created" && [topics, data.id])).toEqual([
    [["orders/1"], 2],
  ]);
  expect(await createSubscriber<typeof events>({ url, types: ["trace-update"] }).current()).toEqual([]);
  const stop = AbortSignal.abort(new Error("enough"));
  await expect(createSubscriber<typeof events>({ url, signal: stop }).current()).rejects.toThrow("enough");
});

test("asks only for some types, and after an event", async () => {
  const { url } = startHub();
  const hub = createPublisher<AnyEvents>({ url });
  for (const id of ["a1", "b1", "a2", "b2", "b3"]) await hub.publish(id.slice(0, 1), id, { id });
  const all = createSubscriber<AnyEvents>({ url, lastEventId: "earliest" });
  expect(ids(await take(all, 5))).toEqual(["a1", "b1", "a2", "b2", "b3"]);
  const some = createSubscriber<AnyEvents>({ url, lastEventId: "b1", types: ["b"] });
  expect(ids(await take(some, 2))).toEqual(["b2", "b3"]);
});

test("gives out the current values first, and again to who goes on from one of them", async () => {
  const { url } = startHub();
  const hub = createPublisher<AnyEvents>({ url });
  await hub.publish("a", 1, { topic: "x", retain: true });
  await hub.publishBatch([
    { type: "a", data: 2, topic: "x", retain: true },
    { type: "b", data: 3, retain: true },
    { type: "b", data: 4 },
  ]);
  const received: ReceivedEvent<AnyEvents>[] = [];
  for await (const event of createSubscriber<AnyEvents>({ url })) {
    received.push(event);
    if (received.length === 2) await hub.publish("b", 5, { id: "five" });
    if (received.length === 3) break;
  }
  expect(received.map(({ type, data }) => [type, data])).toEqual([
    ["a", 2],
    ["b", 3],
    ["b", 5],
  ]);
  const again = await take(createSubscriber<AnyEvents>({ url, lastEventId: received[0]?.id ?? "" }), 3);
  expect(again).toEqual(received);
  await hub.publish("b", 6);
  const [next] = await take(createSubscriber<AnyEvents>({ url, lastEventId: "five" }), 1);
  expect(next?.data).toBe(6);
});

test("leaving the loop closes the connection", async () => {
  const { url, broker } = startHub();
  await createPublisher<AnyEvents>({ url }).publish("a", 1);
  for await (const _ of createSubscriber({ url, lastEventId: "earliest" })) {
    expect(broker.clientCount).toBe(1);
    break;
  }
  await until(() => broker.clientCount === 0);
});

test("its signal ends the loop, and closes the connection", async () => {
  const { url, broker } = startHub();
  const stop = new AbortController();
  const received = take(createSubscriber({ url, signal: stop.signal, onOpen: () => stop.abort() }), 1);
  expect(await received).toEqual([]);
  await until(() => broker.clientCount === 0);
  // Before the first connection, too.
  expect(await take(createSubscriber({ url, signal: stop.signal }), 1)).toEqual([]);
});

test("its signal ends the wait for the next try", async () => {
  const { url, stop } = startHub();
  await stop();
  const end = new AbortController();
  const subscriber = createSubscriber({ url, signal: end.signal, onReconnect: () => end.abort() });
  expect(await take(subscriber, 1)).toEqual([]);
});

test("goes on after a lost connection where it was: nothing lost, nothing twice", async () => {
  const first = startHub({ port: freePort() });
  const { url, broker } = first;
  const before = createPublisher<AnyEvents>({ url });
  const reconnects: Reconnect[] = [];
  let opened = 0;
  const subscriber = createSubscriber<AnyEvents>({
    url,
    onOpen: () => opened++,
    onReconnect: (reconnect) => reconnects.push(reconnect),
  });
  const received = take(subscriber, 4);
  await until(() => opened === 1);
  // Its readers are to come back soon, so that the test need not wait.
  await before.publish("n", 1, { retry: 50, id: "größe/1" });
  await before.publish("n", 2);
  await until(() => broker.totals.delivered === 2);
  await first.stop();
  await until(() => reconnects.length > 0);

  await broker.publishBatch([{ type: "n", data: 3 }]);
  const second = startHub({ port: Number(new URL(url).port), broker });
  await until(() => opened === 2);
  await createPublisher<AnyEvents>({ url: second.url }).publish("n", 4);
  expect((await received).map(({ data }) => data)).toEqual([1, 2, 3, 4]);
  expect(reconnects[0]).toMatchObject({ attempt: 1 });
  expect(reconnects[0]?.delay).toBeLessThanOrEqual(50);
});

test("the same id on other topics is another event, live and when it resumes there", async () => {
  const first = startHub({ port: freePort() });
  const { url, broker } = first;
  const received: unknown[] = [];
  const opens: (() => void)[] = [];
  const opened = () => new Promise<void>((resolve) => opens.push(resolve));
  const isOpen = opened();
  const subscriber = createSubscriber<AnyEvents>({ url, onOpen: () => opens.shift()?.() });
  const reading = (async () => {
    for await (const { id, data } of subscriber) if (received.push([id, data]) === 6) break;
  })();
  await isOpen;
  await broker.publish({ type: "n", data: 1, id: "x", topic: "a", retry: 50 });
  await broker.publish({ type: "n", data: 2, id: "y" });
  await broker.publish({ type: "n", data: 1, id: "x", topic: "b" });
  await until(() => received.length === 3);
  const isOpenAgain = opened();
  await first.stop();
  await broker.publish({ type: "n", data: 4, id: "x", topic: "c" });
  startHub({ port: Number(new URL(url).port), broker });
  await isOpenAgain;
  await until(() => [...broker.clients].every(({ state }) => state === "live"));
  await broker.publish({ type: "n", data: 1, id: "x", topic: "d" });
  await broker.publish({ type: "n", data: 6, id: "z" });
  await reading;
  expect(received).toEqual([
    ["x", 1],
    ["y", 2],
    ["x", 1],
    ["x", 4],
    ["x", 1],
    ["z", 6],
  ]);
});

test("resumes after an id that is not ASCII", async () => {
  const { url } = startHub();
  const hub = createPublisher<AnyEvents>({ url });
  await hub.publish("n", 1, { id: "größe/→" });
  await hub.publish("n", 2);
  const subscriber = createSubscriber<AnyEvents>({ url, lastEventId: "größe/→" });
  expect((await take(subscriber, 1)).map(({ data }) => data)).toEqual([2]);
});

test("tells that events are missing", async () => {
  const { url, broker } = startHub();
  const { id } = await createPublisher<AnyEvents>({ url }).publish("n", 1);
  const gaps: Gap[] = [];
  const subscriber = createSubscriber({ url, lastEventId: "gone", onGap: (gap) => gaps.push(gap) });
  expect(ids(await take(subscriber, 1))).toEqual([id]);
  expect(gaps).toEqual([{ requested: "gone", earliest: broker.log.place(1) }]);
});

test("a refusal is thrown", async () => {
  const { url } = startHub();
  expect(take(createSubscriber({ url, topics: ["\n"] }), 1)).rejects.toMatchObject({
    name: "TidingsError",
    status: 400,
  });
});

test("an error of a callback or of the loop is not swallowed", async () => {
  const { url, broker } = startHub();
  const subscriber = createSubscriber({
    url,
    onOpen() {
      throw new Error("mine");
    },
  });
  expect(await take(subscriber, 1).catch(String)).toBe("Error: mine");
  await until(() => broker.clientCount === 0);
});

test("calls a handler for each type, one event at a time, and asks the hub for no others", async () => {
  const { url, broker } = startHub({ catalog: new Catalog(events) });
  const hub = createPublisher<typeof events>({ url });
  const stop = new AbortController();
  const seen: unknown[] = [];
  await hub.publish("trace-update", { trace_id: "t", span_count: 1 });
  await hub.publish("order-created", { id: 1 });
  await hub.publish("nav-badge-update", { path: "/", badge: "" });
  const handling = createSubscriber<typeof events>({
    url,
    lastEventId: "earliest",
    signal: stop.signal,
  }).handle({
    async "order-created"({ data }) {
      seen.push("begin", data.id);
      await Bun.sleep(5);
      seen.push("end");
    },
    "nav-badge-update"({ data }) {
      seen.push(data.path);
      stop.abort();
    },
  });
  await handling;
  expect(seen).toEqual(["begin", 1, "end", "/"]);
  expect(broker.totals.delivered).toBeLessThanOrEqual(2);
});

test("each loop has a connection of its own", async () => {
  const { url } = startHub();
  await createPublisher<AnyEvents>({ url }).publish("n", 1, { id: "one" });
  const subscriber = createSubscriber<AnyEvents>({ url, lastEventId: "earliest" });
  const both = await Promise.all([take(subscriber, 1), take(subscriber, 1)]);
  expect(both.map(ids)).toEqual([["one"], ["one"]]);
});

function ids(received: readonly { id: string }[]): string[] {
  return received.map(({ id }) => id);
}

interface Received {
  readonly id: string;
  readonly type: string;
  readonly topics: readonly string[];
  readonly time: string;
  readonly data: unknown;
}

/** The next events of a subscriber, fewer if it ends. */
async function take(subscriber: AsyncIterable<Received>, count: number): Promise<Received[]> {
  const received: Received[] = [];
  for await (const event of subscriber) {
    received.push(event);
    if (received.length === count) break;
  }
  return received;
}
