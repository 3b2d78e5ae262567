import { expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { TestClock } from "../clock.ts";
import { until } from "../until.ts";
import { ReaderSink } from "./reader-sink.ts";

const ids = (sink: ReaderSink) => sink.read.events.flatMap(({ id, event }) => (event === "n" && id) || []);
const publish = (broker: Broker, count = 1, data: unknown = 0) =>
  broker.publishBatch(Array.from({ length: count }, () => ({ type: "n", data })));

test("a client that stops reading is written nothing more, and has all when it reads on", async () => {
  const broker = new Broker();
  const [quick, slow] = [new ReaderSink(), new ReaderSink()];
  broker.addClient(quick);
  broker.addClient(slow);
  slow.stall();
  const sent: string[] = [];
  for (let i = 0; i < 50; i++) sent.push(...(await publish(broker, 20)).map(({ id }) => id));
  // The greeting, and the write with which it was full.
  expect(slow.chunks).toHaveLength(2);
  expect([broker.blockedCount, broker.behindCount, broker.totals.blocked]).toEqual([1, 1, 1]);
  expect(ids(quick)).toEqual(sent);
  slow.drain();
  await until(() => broker.behindCount === 0);
  expect(ids(slow)).toEqual(sent);
  expect([broker.blockedCount, broker.totals.replayed]).toEqual([0, 49 * 20]);
  expect((await publish(broker))[0]?.recipients).toBe(2);
  expect(ids(slow)).toHaveLength(1001);
  await broker.close();
});

test("one that stays full past the time-out is ended at once, told apart from others, and counted", async () => {
  const broker = new Broker({ stallTimeout: 20 });
  const [quick, slow] = [new ReaderSink(), new ReaderSink()];
  broker.addClient(quick);
  const { closed } = broker.addClient(slow);
  slow.stall();
  await publish(broker);
  await closed;
  expect([slow.aborted, quick.ended, broker.clientCount]).toEqual([true, false, 1]);
  expect(broker.totals.removed).toMatchObject({ stalled: 1, failed: 0 });
  expect(broker.blockedCount).toBe(0);
  await publish(broker);
  expect(ids(quick)).toHaveLength(2);
  await broker.close();
});

test("one that reads now and then within the time-out stays", async () => {
  const clock = new TestClock();
  const broker = new Broker({ stallTimeout: 20, clock });
  const sink = new ReaderSink();
  broker.addClient(sink);
  for (let count = 1; count <= 10; count++) {
    sink.stall();
    await publish(broker);
    clock.advance(15);
    // Stalled clients are looked for every 5 ms.
    await Bun.sleep(11);
    sink.drain();
    await until(() => broker.behindCount === 0);
    expect(ids(sink)).toHaveLength(count);
  }
  sink.stall();
  await publish(broker);
  clock.advance(21);
  await until(() => sink.aborted);
  expect(broker.totals.removed.stalled).toBe(1);
  await broker.close();
});

test("one that the log no longer reaches back to is told from where to where events are missing, and goes on", async () => {
  const broker = new Broker({ store: new MemoryStore({ events: 10 }) });
  const sink = new ReaderSink();
  broker.addClient(sink);
  const [first] = await publish(broker);
  sink.stall();
  const [second] = await publish(broker);
  const later = await publish(broker, 30);
  sink.drain();
  await until(() => broker.behindCount === 0);
  const held = later.slice(-10).map(({ id }) => id);
  const gap = { requested: String(second?.id), earliest: String(held[0]) };
  const [, ...events] = sink.read.events;
  expect(events.map(({ id, event, data }) => id ?? { [String(event)]: JSON.parse(data) })).toEqual([
    String(first?.id),
    String(second?.id),
    { "tidings.gap": gap },
    ...held,
  ]);
  expect([broker.totals.gaps, broker.clientCount]).toEqual([1, 1]);
  await publish(broker);
  expect(ids(sink)).toHaveLength(13);
  await broker.close();
});

test("events that go while a client replays them leave a gap that it is told of", async () => {
  const broker = new Broker({ store: new MemoryStore({ events: 1000 }) });
  await publish(broker, 1000);
  const sink = new ReaderSink();
  broker.addClient(sink, { lastEventId: "earliest" });
  // Full after the first piece of them.
  sink.stall();
  await until(() => sink.chunks.length > 1);
  await publish(broker, 900);
  sink.drain();
  await until(() => broker.behindCount === 0);
  const had = sink.read.events.filter(({ event }) => event === "n" || event === "tidings.gap");
  const gap = had.findIndex(({ event }) => event === "tidings.gap");
  const positions = had.map(({ id }) => Number(id?.split("-")[1]));
  const { requested, earliest } = JSON.parse(had[gap]?.data ?? "");
  expect([requested, earliest]).toEqual([had[gap - 1]?.id, broker.log.place(901)]);
  expect(positions.slice(0, gap)).toEqual(Array.from({ length: gap }, (_, i) => i + 1));
  expect(positions.slice(gap + 1)).toEqual(Array.from({ length: 1000 }, (_, i) => 901 + i));
  await broker.close();
});

test("keep-alives are not heaped up for those that are full, and never break into an event", async () => {
  const broker = new Broker({ keepAlive: 2 });
  const sink = new ReaderSink();
  broker.addClient(sink);
  sink.stall();
  const data = "x".repeat(300_000);
  await publish(broker, 1, data);
  const { length } = sink.chunks;
  // Another is sent some meanwhile.
  const other = new ReaderSink();
  broker.addClient(other);
  await until(() => other.read.comments.length > 5);
  expect(sink.chunks).toHaveLength(length);
  // Of a large event too it was given a part only.
  expect(sink.chunks.at(-1)?.length).toBeLessThanOrEqual(64 * 1024);
  sink.drain();
  await until(() => sink.read.comments.length > 2);
  expect(sink.read.events.map(({ data }) => data)).toContain(JSON.stringify(data));
  await broker.close();
});

test("a large event is one array of bytes for all who are in the middle of it", async () => {
  const broker = new Broker();
  const sinks = Array.from({ length: 20 }, () => new ReaderSink());
  for (const sink of sinks) {
    broker.addClient(sink);
    sink.stall();
  }
  await publish(broker, 1, "x".repeat(1_000_000));
  expect(new Set(sinks.map((sink) => sink.chunks.at(-1)?.buffer)).size).toBe(1);
  for (const sink of sinks) sink.drain();
  await until(() => broker.behindCount === 0);
  expect(new Set(sinks.flatMap((sink) => sink.chunks.slice(1)).map(({ buffer }) => buffer)).size).toBe(1);
  await broker.close();
});

test("a thousand that come back at once do not keep a live one waiting for the end of their replays", async () => {
  const broker = new Broker();
  await publish(broker, 5000, "x".repeat(100));
  const live = new ReaderSink();
  broker.addClient(live);
  for (let i = 0; i < 1000; i++) broker.addClient(new ReaderSink(), { lastEventId: "earliest" });
  await new Promise(setImmediate);
  await publish(broker);
  // Delivered while nearly all of them still have nearly all to come.
  expect(ids(live)).toHaveLength(1);
  expect(broker.behindCount).toBeGreaterThan(900);
  expect(broker.totals.replayed).toBeLessThan(1000 * 5000 * 0.1);
  await broker.close();
});
