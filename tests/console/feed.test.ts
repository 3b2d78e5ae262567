import { expect, test } from "bun:test";
import { createParser } from "eventsource-parser";
import { Broker } from "../../src/broker/broker.ts";
import { statusOf } from "../../src/broker/status.ts";
import { Feed } from "../../src/console/server/feed.ts";
import { FigureHistory } from "../../src/console/server/figure-history.ts";
import type { ConsoleEvents, PastFigures, Tick } from "../../src/protocol/console-feed.ts";
import { defer } from "../defer.ts";
import { until } from "../until.ts";

/** A feed into memory. `full` says whether its page takes no bytes. */
function openFeed(broker: Broker, { keyed = false, privateTopics = ["*"], past = [] as PastFigures } = {}) {
  const stop = new AbortController();
  const messages: { event: string; data: unknown }[] = [];
  const waiting: (() => void)[] = [];
  const parser = createParser({
    onEvent({ event = "", data }) {
      messages.push({ event, data: JSON.parse(data) });
      for (const wake of waiting.splice(0)) wake();
    },
  });
  let room: Promise<void> | undefined;
  let writes = 0;
  let closed = false;
  const sink = {
    enqueue(bytes: Uint8Array) {
      writes++;
      parser.feed(new TextDecoder().decode(bytes));
      return room;
    },
    close() {
      closed = true;
    },
  };
  const feed = new Feed(broker, sink, {
    status: () => statusOf(broker),
    past,
    signal: stop.signal,
    keyed,
    privateTopics,
  });
  defer(() => feed.end());
  /** The next message that is of the kind and passes. */
  const next = async <T>(event: string, passes: (data: T) => boolean = () => true): Promise<T> => {
    for (;;) {
      const at = messages.findIndex((message) => message.event === event && passes(message.data as T));
      const [found] = at < 0 ? [] : messages.splice(at, 1);
      if (found) return found.data as T;
      await new Promise<void>((wake) => waiting.push(wake));
    }
  };
  return {
    stop,
    isClosed: () => closed,
    writes: () => writes,
    fill: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      room = promise;
      return () => {
        room = undefined;
        resolve();
      };
    },
    tick: (passes?: (tick: Tick) => boolean) => next<Tick>("tick", passes),
    past: () => next<PastFigures>("past"),
    events: (passes?: (events: ConsoleEvents) => boolean) => next<ConsoleEvents>("events", passes),
  };
}

test("it begins with the figures and with what is held, oldest first", async () => {
  const broker = new Broker();
  await broker.publishBatch(Array.from({ length: 300 }, (_, i) => ({ type: "held", data: i })));
  const feed = openFeed(broker);
  expect((await feed.tick()).status.totals.published).toBe(300);
  const { events, backlog } = await feed.events();
  expect(backlog).toBe(true);
  expect(events.map(({ json }) => Number(json))).toEqual(Array.from({ length: 200 }, (_, i) => 100 + i));
});

test("it brings the figures of the last minutes, and the age of the oldest event", async () => {
  const broker = new Broker();
  const history = new FigureHistory(broker, () => statusOf(broker), 5);
  await broker.publish({ type: "held", data: 1 });
  await until(() => history.past.length >= 3);
  const feed = openFeed(broker, { past: history.past });
  const past = await feed.past();
  expect(past.length).toBeGreaterThanOrEqual(3);
  expect(past.slice(1).every(({ published, clients }) => published !== null && clients === 0)).toBeTrue();
  expect(past.map(({ time }) => time)).toEqual(past.map(({ time }) => time).toSorted((a, b) => a - b));
  const [entry] = (await broker.log.read(0, 1)).entries;
  expect((await feed.tick()).oldest).toBe(entry?.keptAt ?? 0);
  await broker.close();
  const { length } = history.past;
  await Bun.sleep(30);
  expect(history.past.length).toBe(length);
});

test("an event comes with its topics, and rates and latency with the next tick", async () => {
  const broker = new Broker();
  const feed = openFeed(broker);
  await broker.publishBatch([
    { type: "a", data: { n: 1 }, topics: ["t/1", "t/2"], id: "one", retry: 5, private: true },
    { type: "a", data: 2, topics: ["t/1"] },
  ]);
  const { events } = await feed.events(({ backlog }) => !backlog);
  expect(events[0]).toMatchObject({
    id: "one",
    type: "a",
    topics: ["t/1", "t/2"],
    json: '{"n":1}',
    retry: 5,
    private: true,
  });
  const { types, topics, latency, keyed } = await feed.tick((tick) => tick.types.distinct > 0);
  expect(types).toEqual({ top: [["a", 2]], distinct: 1 });
  expect(topics).toEqual({
    top: [
      ["t/1", 2],
      ["t/2", 1],
    ],
    distinct: 2,
  });
  expect(latency?.mean).toBeGreaterThan(0);
  expect(keyed).toBe(false);
});

test("of a flood the newest are shown, the others counted; long data is cut short", async () => {
  const broker = new Broker();
  const feed = openFeed(broker);
  await feed.events();
  await broker.publishBatch(
    Array.from({ length: 1000 }, (_, i) => ({ type: "flood", data: `${i}`.padEnd(10_000) })),
  );
  const { events, skipped } = await feed.events(({ backlog }) => !backlog);
  expect(events).toHaveLength(250);
  expect(skipped).toBe(750);
  expect(events.at(-1)?.json.startsWith('"999')).toBe(true);
  expect(events[0]?.json.length).toBe(2048);
  expect(events[0]?.length).toBe(10_002);
  expect((await feed.tick((tick) => tick.types.distinct > 0)).types.top).toEqual([["flood", 1000]]);
});

test("a page that takes nothing is sent nothing until it does, and the hub does not wait for it", async () => {
  const broker = new Broker();
  const feed = openFeed(broker);
  await feed.events();
  const drain = feed.fill();
  await broker.publishBatch([{ type: "e", data: "the last to be taken" }]);
  await feed.events(({ backlog }) => !backlog);
  const before = feed.writes();
  const other = openFeed(broker);
  await broker.publishBatch([{ type: "e", data: "passed over" }]);
  // Another feed's window and tick have come and gone.
  await other.events(({ backlog }) => !backlog);
  await other.tick();
  await other.tick();
  expect(feed.writes()).toBe(before);
  drain();
  expect((await feed.tick(({ types }) => types.distinct > 0)).types.top).toContainEqual(["e", 2]);
});

test("it ends with its page, and with the broker", async () => {
  const broker = new Broker();
  const left = openFeed(broker);
  left.stop.abort();
  expect(left.isClosed()).toBe(true);
  const stays = openFeed(broker);
  await broker.close();
  await until(stays.isClosed);
});

test("private events are for those alone who may read them: not in the list, the backlog or the rates", async () => {
  const broker = new Broker();
  const hidden = { type: "secret", data: "s3cret", topic: "vault/1", private: true };
  const shown = { type: "public", data: 1, topic: "t" };
  await Promise.all([broker.publish(hidden), broker.publish(shown)]);
  const feeds = [openFeed(broker, { privateTopics: [] }), openFeed(broker, { privateTopics: ["vault/*"] })];
  const seen = async (pick: (feed: ReturnType<typeof openFeed>) => Promise<ConsoleEvents>) =>
    Promise.all(feeds.map(async (feed) => (await pick(feed)).events.map(({ type }) => type)));
  expect(await seen((feed) => feed.events(({ backlog }) => backlog))).toEqual([
    ["public"],
    ["secret", "public"],
  ]);
  await Promise.all([broker.publish(hidden), broker.publish(shown)]);
  expect(await seen((feed) => feed.events(({ backlog }) => !backlog))).toEqual([
    ["public"],
    ["secret", "public"],
  ]);
  const distinct = await Promise.all(
    feeds.map(async (feed) => (await feed.tick((tick) => tick.types.distinct > 0)).types.distinct),
  );
  expect(distinct).toEqual([1, 2]);
});
