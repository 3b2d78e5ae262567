import { expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import type { ClientOptions } from "../../src/broker/options.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { TopicEnded } from "../../src/log/store.ts";
import { until } from "../until.ts";
import { ReaderSink } from "./reader-sink.ts";

function connect(broker: Broker, topics: readonly string[], options: ClientOptions = {}) {
  const sink = new ReaderSink();
  const interest = { topics, types: [], ...options.interest };
  const handle = broker.addClient(sink, { ...options, interest });
  return {
    sink,
    handle,
    interest,
    events: () => sink.read.events.map(({ event, data }) => [event, data]),
    /** What came between the greeting and the end. */
    data: () => sink.read.events.slice(1, -1).map(({ data }) => data),
    cursor: () => sink.read.events.findLast(({ id }) => id !== undefined)?.id ?? "",
  };
}

const event = (topic: string, data: unknown) => ({ type: "t", data, topic });

test("a live stream gets the last event, then ends, and what is published there later is refused", async () => {
  const broker = new Broker();
  const reader = connect(broker, ["a"]);
  const both = connect(broker, ["a", "b"]);
  const pattern = connect(broker, ["a*"]);
  await broker.publish(event("a", 1));
  await broker.publish({ ...event("a", 2), end: true });
  await reader.handle.closed;
  expect(reader.sink.ended).toBeTrue();
  expect(reader.events().slice(1)).toEqual([
    ["t", "1"],
    ["t", "2"],
    ["tidings.position", "{}"],
  ]);
  expect(await broker.hasAll(reader.interest, reader.cursor())).toBeTrue();

  await expect(broker.publish(event("a", 3))).rejects.toEqual(new TopicEnded("a"));
  await expect(broker.publishBatch([event("b", 0), event("a", 3)])).rejects.toBeInstanceOf(TopicEnded);
  expect([both.sink.ended, pattern.sink.ended]).toEqual([false, false]);
  await broker.publishBatch([event("b", 1), { ...event("b", 2), end: true }]);
  await both.handle.closed;
  expect(both.data()).toEqual(["1", "2", "1", "2"]);
  for (const { sink } of [reader, both]) expect(sink.read.retries.at(-1)).toBeLessThanOrEqual(1000);
  expect(broker.totals.removed.ended).toBe(2);
  expect(broker.clientCount).toBe(1);
  await broker.close();
});

test("who comes later gets all of it, then the end; who comes back with all of it is told so", async () => {
  const broker = new Broker();
  await broker.publishBatch([event("a", 1), event("b", 0), { ...event("a", 2), end: true }, event("b", 1)]);
  const reader = connect(broker, ["a"], { lastEventId: "earliest" });
  await reader.handle.closed;
  expect(reader.events().slice(1)).toEqual([
    ["t", "1"],
    ["t", "2"],
    ["tidings.resumed", '{"from":"earliest","count":2}'],
    ["tidings.position", "{}"],
  ]);
  expect(await broker.hasAll(reader.interest, reader.cursor())).toBeTrue();
  expect(await broker.hasAll(reader.interest, "earliest")).toBeFalse();
  expect(await broker.hasAll(reader.interest, broker.log.place(2))).toBeFalse();
  expect(await broker.hasAll({ topics: ["a", "b"], types: [] }, reader.cursor())).toBeFalse();
  expect(await broker.hasAll({ topics: [], types: [] }, reader.cursor())).toBeFalse();

  const fresh = connect(broker, ["a"]);
  await fresh.handle.closed;
  expect(fresh.events().slice(1)).toEqual([["tidings.position", "{}"]]);
  expect(await broker.hasAll(fresh.interest, fresh.cursor())).toBeTrue();
  await broker.close();
});

test("a reader learns where the end was, so it has all when it is back, whatever it was sent", async () => {
  const broker = new Broker({ store: new MemoryStore({ events: 2 }) });
  const other = connect(broker, [], { interest: { topics: ["a"], types: ["u"] } });
  await broker.publish({ ...event("a", 1), end: true });
  await other.handle.closed;
  expect(other.events().at(-1)).toEqual(["tidings.position", "{}"]);
  expect(await broker.hasAll(other.interest, other.cursor())).toBeTrue();

  // All of it has been trimmed.
  await broker.publishBatch([event("b", 1), event("b", 2), event("b", 3)]);
  expect(await broker.hasAll(other.interest, other.cursor())).toBeTrue();
  const lost = connect(broker, ["a"], { lastEventId: "gone" });
  await lost.handle.closed;
  expect(lost.events().map(([name]) => name)).toEqual([
    "connected",
    "tidings.gap",
    "tidings.resumed",
    "tidings.position",
  ]);
  expect(await broker.hasAll(lost.interest, lost.cursor())).toBeTrue();
  await broker.close();
});

test("who comes back with an id that stands for several events has all in the end", async () => {
  const broker = new Broker();
  await broker.publishBatch([
    { type: "t", data: 1, id: "one" },
    { ...event("a", 1), id: "one", end: true },
  ]);
  const reader = connect(broker, ["a"], { lastEventId: "one" });
  await reader.handle.closed;
  expect(await broker.hasAll(reader.interest, "one")).toBeFalse();
  expect(await broker.hasAll(reader.interest, reader.cursor())).toBeTrue();
  await broker.close();
});

test("a stalled reader gets the rest before its stream ends", async () => {
  const broker = new Broker();
  const reader = connect(broker, ["a"]);
  await until(() => broker.behindCount === 0);
  reader.sink.stall();
  await broker.publish(event("a", 1));
  await broker.publish(event("a", 2));
  await broker.publish({ ...event("a", 3), end: true });
  expect(reader.sink.ended).toBeFalse();
  reader.sink.drain();
  await reader.handle.closed;
  expect(reader.data()).toEqual(["1", "2", "3"]);
  await broker.close();
});

test("a private end is for those who may read it", async () => {
  const broker = new Broker();
  const stranger = connect(broker, ["a"]);
  const friend = connect(broker, [], { interest: { topics: ["a"], types: [], privateTopics: ["a"] } });
  await broker.publish({ ...event("a", 1), end: true, private: true });
  await friend.handle.closed;
  expect(stranger.sink.ended).toBeFalse();
  expect(await broker.hasAll(stranger.interest, friend.cursor())).toBeFalse();
  expect(await broker.hasAll(friend.interest, friend.cursor())).toBeTrue();
  await broker.close();
});

test("current values come before the end", async () => {
  const broker = new Broker();
  await broker.publish({ ...event("a", 1), retain: true, end: true });
  const reader = connect(broker, ["a"]);
  await reader.handle.closed;
  expect(reader.events().slice(1)).toEqual([
    ["t", "1"],
    ["tidings.current", '{"count":1}'],
    ["tidings.position", "{}"],
  ]);
  expect(await broker.hasAll(reader.interest, reader.sink.read.events[0]?.id ?? "")).toBeFalse();
  expect(await broker.hasAll(reader.interest, reader.cursor())).toBeTrue();
  await broker.close();
});

test("opened again, it takes events, and streams stay", async () => {
  const broker = new Broker();
  await broker.publish({ ...event("a", 1), end: true });
  expect([await broker.log.openTopic("a"), await broker.log.openTopic("a")]).toEqual([true, false]);
  const reader = connect(broker, ["a"]);
  await broker.publish(event("a", 2));
  expect(reader.sink.ended).toBeFalse();
  await broker.publish({ ...event("a", 3), end: true });
  await reader.handle.closed;
  expect(reader.data()).toEqual(["2", "3"]);
  await broker.close();
});
