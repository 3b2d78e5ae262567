import { expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { SlowStore } from "../log/slow-store.ts";
import { until } from "../until.ts";
import { FaultyStore } from "./faulty-store.ts";
import { ReaderSink } from "./reader-sink.ts";

const quiet = { topics: ["quiet"], types: [] };
const publish = (broker: Broker, count: number, topic = "busy") =>
  broker.publishBatch(Array.from({ length: count }, () => ({ type: "n", data: 0, topic })));
const names = (sink: ReaderSink) => sink.read.events.map(({ event }) => event);

test("a quiet reader's cursor is moved before it is gone, and it comes back without a gap", async () => {
  const broker = new Broker({ store: new MemoryStore({ events: 100 }), keepAlive: 5 });
  const sink = new ReaderSink();
  const { id } = broker.addClient(sink, { interest: quiet });
  await publish(broker, 40);
  const other = new ReaderSink();
  broker.addClient(other);
  await until(() => other.read.comments.length > 2);
  // Less than half of what is held has come since.
  expect(names(sink)).toEqual(["connected", "tidings.position"]);
  const first = sink.read.events.at(-1)?.id;
  for (let i = 0; i < 20; i++) {
    const { length } = other.read.comments;
    await publish(broker, 40);
    await until(() => other.read.comments.length > length + 1);
  }
  const positions = sink.read.events.filter(({ event }) => event === "tidings.position");
  expect(positions.length).toBeGreaterThan(5);
  expect(positions.length).toBeLessThanOrEqual(20);
  expect(positions[0]?.id).toBe(first);
  // A busy reader has its events' ids.
  expect(names(other)).not.toContain("tidings.position");

  broker.removeClient(id);
  const back = new ReaderSink();
  broker.addClient(back, { interest: quiet, lastEventId: positions.at(-1)?.id });
  await until(() => broker.behindCount === 0);
  expect(names(back)).toEqual(["connected", "tidings.resumed"]);
  await broker.close();
});

test("where much is published between two keep-alives, cursors are moved in time as well", async () => {
  const broker = new Broker({ store: new MemoryStore({ events: 10 }), keepAlive: 60_000 });
  const sink = new ReaderSink();
  broker.addClient(sink, { interest: quiet });
  await publish(broker, 50);
  await until(() => names(sink).includes("tidings.position"));
  expect(sink.read.events.at(-1)?.id).toBe(broker.log.place(50));
  await broker.close();
});

test("a reader of whose events none came in a replay is given a later cursor once it is live", async () => {
  const broker = new Broker({ keepAlive: 5 });
  await publish(broker, 1, "quiet");
  await publish(broker, 100);
  // Another of the same interest stands at the head.
  broker.addClient(new ReaderSink(), { interest: quiet });
  const sink = new ReaderSink();
  broker.addClient(sink, { interest: quiet, lastEventId: broker.log.place(1) });
  await until(() => names(sink).includes("tidings.position"));
  expect(sink.read.events.at(-1)?.id).toBe(broker.log.place(101));
  await broker.close();
});

test("keep-alives are events for those who ask for it, and comments for the others", async () => {
  const broker = new Broker({ keepAlive: 5 });
  const [watching, other] = [new ReaderSink(), new ReaderSink()];
  broker.addClient(watching, { keepAlive: "event" });
  broker.addClient(other);
  await until(() => watching.read.events.length > 2 && other.read.comments.length > 2);
  expect([names(watching)[1], watching.read.comments]).toEqual(["tidings.alive", []]);
  expect([names(other), other.read.comments[0]]).toEqual([["connected"], "keepalive"]);
  expect(watching.read.events[1]?.id).toBeUndefined();
  await broker.close();
});

test("who was sent what the store has lost is sent away, and told by a gap when it is back", async () => {
  const store = new FaultyStore();
  const broker = new Broker({ store });
  const [busy, still] = [new ReaderSink(), new ReaderSink()];
  broker.addClient(busy);
  broker.addClient(still, { interest: quiet });
  await publish(broker, 3);
  store.rollBack(1);
  expect([busy.ended, still.ended, broker.totals.removed.rolled_back]).toEqual([true, false, 1]);
  await publish(broker, 1, "quiet");
  expect(still.read.events.at(-1)?.id).toBe(broker.log.place(2));

  const back = new ReaderSink();
  const had = busy.read.events.at(-1)?.id;
  broker.addClient(back, { lastEventId: had });
  await until(() => broker.behindCount === 0);
  const [, gap] = back.read.events;
  expect(JSON.parse(gap?.data ?? "")).toEqual({ requested: had, earliest: broker.log.place(1) });
  expect(names(back)).toEqual(["connected", "tidings.gap", "n", "n", "tidings.resumed"]);
  await broker.close();
});

test("the id of a lost event that was published again is no cursor that hides the loss", async () => {
  const store = new FaultyStore();
  const broker = new Broker({ store });
  const publish = (id: string) => broker.publishBatch([{ type: "n", data: id, id }]);
  await publish("kept");
  const reader = new ReaderSink();
  broker.addClient(reader, { lastEventId: "earliest" });
  await until(() => broker.behindCount === 0);
  await publish("lost");
  await publish("again");
  store.rollBack(1);
  expect(reader.ended).toBe(true);
  // Another node has taken the one meanwhile, and then the other a second time.
  await publish("new");
  await publish("again");

  const back = new ReaderSink();
  const cursor = reader.read.events.findLast(({ id }) => id !== undefined)?.id;
  broker.addClient(back, { lastEventId: cursor });
  await until(() => broker.behindCount === 0);
  const told = ["connected", "tidings.gap", "n", "n", "n", "tidings.resumed"];
  expect(names(back)).toEqual(told);
  await broker.close();
});

test("who is behind when events are lost is given the place that it has come to, not the end", async () => {
  const store = new FaultyStore();
  const reader = new ReaderSink();
  // Once the reader has been sent something, the log answers no more until the end.
  const end = Promise.withResolvers<void>();
  const answers = async () => (reader.read.events.length > 1 ? end.promise : undefined);
  const broker = new Broker({ store: new SlowStore(store, answers) });
  // More than it is sent in one step.
  await publish(broker, 600);
  broker.addClient(reader, { lastEventId: "earliest" });
  await until(() => reader.read.events.length > 1);
  expect(broker.behindCount).toBe(1);
  store.rollBack(1);
  expect(names(reader).slice(-2)).toEqual(["n", "tidings.position"]);
  const [last, moved] = reader.read.events.slice(-2);
  expect(moved?.id).toBe(last?.id);
  end.resolve();
  await broker.close();
});
