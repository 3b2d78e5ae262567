import { expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { turn } from "../../src/timers.ts";
import { SlowStore } from "../log/slow-store.ts";
import { until } from "../until.ts";
import { addCrowd } from "./crowd.ts";
import { ReaderSink } from "./reader-sink.ts";

test("draining ends the streams one after the other, each told when to come back", async () => {
  const broker = new Broker();
  const sinks = Array.from({ length: 50 }, () => new ReaderSink());
  const clients = sinks.map((sink) => broker.addClient(sink));
  let open = sinks.length;
  let stepsWithSome = 0;
  for (const { closed } of clients) void closed.then(() => open--);
  const drained = broker.drain(300);
  expect(broker.draining).toBeTrue();
  expect(() => broker.addClient(new ReaderSink())).toThrow();
  // What is published meanwhile reaches those that are still there.
  await broker.publishBatch([{ type: "n", data: 1 }]);
  const early = sinks.filter(({ ended }) => ended).length;
  expect(early).toBeLessThan(sinks.length);
  const watch = setInterval(() => {
    if (open > 0 && open < sinks.length) stepsWithSome++;
  }, 5);
  await drained;
  clearInterval(watch);
  expect(stepsWithSome).toBeGreaterThan(1);
  expect(sinks.every(({ ended }) => ended)).toBeTrue();
  const events = sinks.map(({ read }) => read.events.filter(({ event }) => event === "n").length);
  expect(events.filter((count) => count === 0)).toHaveLength(early);
  const waits = sinks.map(({ read }) => read.retries.at(-1) ?? 0);
  expect(sinks.every(({ read }) => read.retries.length === 2)).toBeTrue();
  // They come back when the hub is gone or new, and not all at once.
  expect(new Set(waits).size).toBeGreaterThan(30);
  expect(waits[0]).toBeGreaterThan(200);
  expect(Math.max(...waits)).toBeLessThanOrEqual(300 + 1000);
  await broker.close();
});

test("a single client is ended at once, and need not wait for the end of the time", async () => {
  const broker = new Broker();
  const sink = new ReaderSink();
  broker.addClient(sink);
  await broker.drain(1000);
  expect(sink.ended).toBeTrue();
  // The hub is gone by then, and on its way back.
  expect(sink.read.retries.at(-1)).toBeLessThanOrEqual(1000);
  await broker.close();
});

test("readers are told to wait for as long as the hub will be away", async () => {
  const broker = new Broker();
  const sinks = Array.from({ length: 20 }, () => new ReaderSink());
  for (const sink of sinks) broker.addClient(sink);
  await broker.drain(0, 60_000);
  const waits = sinks.map(({ read }) => read.retries.at(-1) ?? 0);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(60_000);
  expect(new Set(waits).size).toBeGreaterThan(1);
  await broker.close();
});

test("without clients draining takes no time, and with no time to take all end at once", async () => {
  await new Broker().drain(3_600_000);
  const broker = new Broker();
  const sinks = Array.from({ length: 20 }, () => new ReaderSink());
  for (const sink of sinks) broker.addClient(sink);
  const drained = broker.drain(0);
  expect(sinks.every(({ ended }) => ended)).toBeTrue();
  await drained;
  await broker.close();
});

test("draining ends with the last client, also when that leaves by itself", async () => {
  const broker = new Broker();
  const leaving = new AbortController();
  for (let i = 0; i < 20; i++) broker.addClient(new ReaderSink(), { signal: leaving.signal });
  const drained = broker.drain(3_600_000);
  expect(broker.clientCount).toBe(19);
  leaving.abort();
  await drained;
  await broker.close();
});

test("one that is full is ended without the word, which might fall into an event", async () => {
  const broker = new Broker();
  const sink = new ReaderSink();
  broker.addClient(sink);
  sink.stall();
  await broker.publishBatch([{ type: "n", data: "x".repeat(200_000) }]);
  await broker.drain(0);
  expect([sink.aborted, sink.read.retries, sink.read.events.length]).toEqual([true, [3000], 1]);
  await broker.close();
});

test.each([false, true])(
  "one that the word makes full has each event once, with a crowd: %p",
  async (crowd) => {
    const slowness = { wait: Promise.resolve() };
    const broker = new Broker({ store: new SlowStore(new MemoryStore(), () => slowness.wait) });
    if (crowd) addCrowd(broker);
    const sink = new ReaderSink();
    broker.addClient(sink);
    await broker.publishBatch([{ type: "n", data: 1 }]);
    await turn();
    const store = Promise.withResolvers<void>();
    // In a crowd, the second gathers while the third is being kept.
    const second = broker.publishBatch([{ type: "n", data: 2 }]);
    const third = second.then(() => broker.publishBatch([{ type: "n", data: 3 }]));
    await second;
    slowness.wait = store.promise;
    sink.stall();
    // It stays until the third is kept.
    const drained = broker.drain(0);
    sink.drain();
    await turn();
    slowness.wait = Promise.resolve();
    await until(() => broker.behindCount === 0);
    store.resolve();
    await Promise.all([third, drained]);
    await broker.close();
    const events = sink.read.events.filter(({ event }) => event === "n");
    expect(events.map(({ data }) => data)).toEqual(["1", "2", "3"]);
  },
);
