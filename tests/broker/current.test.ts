import { expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import type { ClientOptions } from "../../src/broker/options.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { until } from "../until.ts";
import { ReaderSink } from "./reader-sink.ts";

/** Connects, and gives what the client was sent until now when it is live. */
async function join(broker: Broker, options: ClientOptions = {}) {
  const sink = new ReaderSink();
  const { id } = broker.addClient(sink, options);
  await until(() => broker.behindCount === 0);
  const events = () => sink.read.events.map(({ event, data, id: cursor }) => [event, data, cursor]);
  return { id, sink, events };
}

const topics = (...names: string[]) => ({ interest: { topics: names, types: [] } });

test("a new reader is first sent the current values that it asks for, then what is live", async () => {
  const broker = new Broker();
  await broker.publish({ type: "t", data: 1, topics: ["a", "b"], retain: true });
  await broker.publish({ type: "t", data: 2, topic: "b", retain: true });
  await broker.publish({ type: "t", data: 3, topic: "c" });
  const { events } = await join(broker, topics("b"));
  await broker.publish({ type: "t", data: 4, topic: "b" });
  const place = broker.log.place(3);
  // The first is current on another topic alone.
  await until(() => events().length === 4);
  expect(events().slice(1)).toEqual([
    ["t", "2", undefined],
    ["tidings.current", '{"count":1}', place],
    ["t", "4", broker.log.place(4)],
  ]);
  expect(events()[0]?.[2]).toBe(`${place}.current`);
  await broker.close();
});

test("who leaves before the values have come gets them when it is back, and misses nothing", async () => {
  const broker = new Broker();
  await broker.publish({ type: "t", data: 1, topic: "a", retain: true });
  const owed = `${broker.log.place(1)}.current`;
  await broker.publish({ type: "t", data: 2, topic: "a" });
  await broker.publish({ type: "t", data: 3, topic: "a", retain: true });
  await broker.publish({ type: "u", data: 0, topic: "a", retain: true });
  const { events } = await join(broker, { ...topics("a"), lastEventId: owed });
  // The value of then has been replaced: what replaced it comes in its own place.
  expect(events().map(([type, data]) => [type, data])).toEqual([
    ["connected", expect.any(String)],
    ["tidings.current", '{"count":0}'],
    ["t", "2"],
    ["t", "3"],
    ["u", "0"],
    ["tidings.resumed", JSON.stringify({ from: owed, count: 3 })],
  ]);
  expect(events()[0]?.[2]).toBe(owed);
  await broker.close();
});

test("after a gap the values that are older than what is held come first", async () => {
  const broker = new Broker({ store: new MemoryStore({ events: 1 }) });
  await broker.publish({ type: "t", data: 1, topic: "a", retain: true });
  await broker.publish({ type: "t", data: 2, topic: "b" });
  await broker.publish({ type: "t", data: 3, topic: "c", retain: true });
  const { events } = await join(broker, { lastEventId: "gone" });
  expect(events().map(([type, data]) => [type, data])).toEqual([
    ["connected", expect.any(String)],
    ["tidings.gap", expect.any(String)],
    ["t", "1"],
    ["tidings.current", '{"count":1}'],
    ["t", "3"],
    ["tidings.resumed", '{"from":"gone","count":1}'],
  ]);
  await broker.close();
});

test("a gap up to the newest event is followed by what is current, too", async () => {
  const broker = new Broker({ store: new MemoryStore({ bytes: 2000 }) });
  const sink = new ReaderSink();
  broker.addClient(sink, { lastEventId: "gone" });
  sink.stall();
  await broker.publish({ type: "t", data: "x".repeat(150_000), topic: "a", retain: true });
  sink.drain();
  await until(() => broker.behindCount === 0);
  expect(sink.read.events.slice(3).map(({ event, id }) => [event, id])).toEqual([
    ["t", undefined],
    ["tidings.current", broker.log.place(1)],
    ["tidings.resumed", undefined],
  ]);
  await broker.close();
});

test("a private value is for those who may read it, and replaces a public one", async () => {
  const broker = new Broker();
  await broker.publish({ type: "t", data: 1, topic: "a", retain: true });
  await broker.publish({ type: "t", data: 2, topic: "a", retain: true, private: true });
  const stranger = await join(broker);
  expect(stranger.events()[1]).toEqual(["tidings.current", '{"count":0}', broker.log.place(2)]);
  const friend = await join(broker, { interest: { topics: [], types: [], privateTopics: ["a"] } });
  expect(friend.events()[1]?.[1]).toBe("2");
  await broker.close();
});

test("a stalled reader of thousands of values gets each once", async () => {
  const broker = new Broker();
  const all = Array.from({ length: 1000 }, (_, i) => ({ type: "t", data: i, topic: `n/${i}`, retain: true }));
  await broker.publishBatch(all);
  const sink = new ReaderSink();
  broker.addClient(sink);
  sink.stall();
  await broker.publishBatch(all.slice(500).map((event) => ({ ...event, data: -event.data })));
  sink.drain();
  await until(() => broker.behindCount === 0);
  const numbers = sink.read.events.filter(({ event }) => event === "t").map(({ data }) => Number(data));
  const last = new Map(numbers.map((number) => [Math.abs(number), number]));
  expect(last.size).toBe(1000);
  for (let i = 500; i < 1000; i++) expect(last.get(i)).toBe(-i);
  expect(new Set(numbers).size).toBe(numbers.length);
  await broker.close();
});

test("as text, the values come without a word of the hub's own", async () => {
  const broker = new Broker();
  await broker.publish({ type: "t", data: "x", retain: true });
  const { events } = await join(broker, { format: "text" });
  expect(events()).toEqual([["t", "x", undefined]]);
  await broker.close();
});
