import { expect, test } from "bun:test";
import fc from "fast-check";
import { Broker } from "../../src/broker/broker.ts";
import type { EventSink } from "../../src/broker/sink.ts";
import { HubEvent, type Subjects } from "../../src/protocol/hub-events.ts";
import { matches } from "../../src/topics/topic-patterns.ts";
import { TestClock } from "../clock.ts";
import { defer } from "../defer.ts";
import { ReaderSink } from "./reader-sink.ts";
import { Recorder } from "./recorder.ts";

const GRACE = 10_000;

function start() {
  const clock = new TestClock();
  const broker = new Broker({ clock, keepAlive: 0 });
  defer(() => broker.close());
  const arrive = (subject: string | undefined, topics: string[], sink: EventSink = new Recorder()) =>
    broker.addClient(sink, { interest: { topics, types: [] }, about: { subject } });
  const watch = <Sink extends EventSink>(topics: string[], sink: Sink, subject?: string): Sink => {
    broker.addClient(sink, { interest: { topics, types: [] }, about: { subject }, presence: true });
    return sink;
  };
  return { clock, broker, arrive, watch };
}

const KINDS: readonly string[] = [HubEvent.present, HubEvent.joined, HubEvent.left];

/** What a watcher has been told: the kind, without its beginning, and the data. */
function newsOf({ read }: Pick<Recorder, "read">): [kind: string, news: Subjects][] {
  return read.events
    .filter(({ event = "" }) => KINDS.includes(event))
    .map(({ event = "", data }) => [event.slice("tidings.".length), JSON.parse(data)]);
}

/** Whom a watcher takes for present, by the topic as it asked for it. */
function presentTo(watcher: Pick<Recorder, "read">): Map<string, Set<string>> {
  const present = new Map<string, Set<string>>();
  for (const [kind, { topic, subjects }] of newsOf(watcher)) {
    const known = present.get(topic);
    if (kind === "present") present.set(topic, new Set(subjects));
    // Nobody comes twice, and nobody leaves who was not there.
    for (const subject of subjects) {
      if (kind === "joined") expect([kind, subject, known?.has(subject)]).toEqual([kind, subject, false]);
      if (kind === "left") expect([kind, subject, known?.has(subject)]).toEqual([kind, subject, true]);
      if (kind === "joined") known?.add(subject);
      if (kind === "left") known?.delete(subject);
    }
  }
  return present;
}

test("a watcher is told who is there, who comes, and who has left for good", async () => {
  const { clock, broker, arrive, watch } = start();
  const alice = arrive("alice", ["a"]);
  arrive("alice", ["a", "b"]);
  arrive(undefined, ["a"]);
  arrive("carol", ["c"]);
  const watcher = watch(["a"], new Recorder(), "bob");
  await broker.presence.turn();
  expect(newsOf(watcher)).toEqual([["present", { topic: "a", subjects: ["alice", "bob"], more: 0 }]]);
  const dave = arrive("dave", ["*"]);
  broker.removeClient(alice.id);
  await broker.presence.turn();
  expect(newsOf(watcher).slice(1)).toEqual([["joined", { topic: "a", subjects: ["dave"], more: 0 }]]);
  // A reconnect is not a flicker.
  broker.removeClient(dave.id);
  clock.advance(GRACE - 1);
  await broker.presence.turn();
  const back = arrive("dave", ["*"]);
  clock.advance(GRACE);
  await broker.presence.turn();
  expect(newsOf(watcher)).toHaveLength(2);
  broker.removeClient(back.id);
  clock.advance(GRACE);
  await broker.presence.turn();
  expect(newsOf(watcher).slice(2)).toEqual([["left", { topic: "a", subjects: ["dave"], more: 0 }]]);
  expect(broker.log.head).toBe(0);
});

test("a hundred are named, the others counted", async () => {
  const { broker, arrive, watch } = start();
  const watcher = watch([], new Recorder());
  await broker.presence.turn();
  for (let i = 0; i < 250; i++) arrive(`user-${i}`, ["a"]);
  await broker.presence.turn();
  const late = watch(["*"], new Recorder());
  await broker.presence.turn();
  const told = [newsOf(watcher)[1], newsOf(late)[0]];
  expect(told.map((news) => [news?.[0], news?.[1].topic, news?.[1].subjects.length, news?.[1].more])).toEqual(
    [
      ["joined", "*", 100, 150],
      ["present", "*", 100, 150],
    ],
  );
});

test("a stream without hub events can't be told of it", () => {
  const { broker } = start();
  expect(() => broker.addClient(new Recorder(), { format: "text", presence: true })).toThrow(TypeError);
  expect(broker.clientCount).toBe(0);
});

test("a watcher whose stream was full is told again who is there", async () => {
  const { broker, arrive, watch } = start();
  const watcher = watch(["a"], new ReaderSink());
  await broker.presence.turn();
  watcher.stall();
  arrive("alice", ["a"]);
  await broker.presence.turn();
  arrive("bob", ["a"]);
  await broker.presence.turn();
  expect(newsOf(watcher).map(([kind]) => kind)).toEqual(["present", "joined"]);
  watcher.drain();
  await new Promise((resolve) => setImmediate(resolve));
  await broker.presence.turn();
  expect(newsOf(watcher)[2]).toEqual(["present", { topic: "a", subjects: ["alice", "bob"], more: 0 }]);
});

class CountingSink implements EventSink {
  static writes = 0;
  enqueue(): void {
    CountingSink.writes++;
  }
  close(): void {}
}

test("2,000 who come back cost each a list of who is there, and the log nothing", async () => {
  const { clock, broker, watch } = start();
  const COUNT = 2000;
  const TURNS = 20;
  const come = async () => {
    CountingSink.writes = 0;
    for (let i = 0; i < COUNT; i++) {
      watch(["a"], new CountingSink(), `user-${i}`);
      if (i % (COUNT / TURNS) === COUNT / TURNS - 1) await broker.presence.turn();
    }
    return CountingSink.writes;
  };
  // At first each is told of the turns after its own.
  const first = await come();
  expect(first).toBeLessThanOrEqual(2 * COUNT + (COUNT * (TURNS - 1)) / 2);
  for (const { id } of broker.clients) broker.removeClient(id);
  // The last watcher's end has ended the grace: one stays.
  const stays = watch(["a"], new Recorder(), "stays");
  await come();
  const { id: staying } = [...broker.clients][0] ?? {};
  for (const { id } of broker.clients) if (id !== staying) broker.removeClient(id);
  clock.advance(GRACE / 2);
  await broker.presence.turn();
  const before = newsOf(stays).length;
  // A greeting and a list for each.
  expect(await come()).toBe(2 * COUNT);
  expect(newsOf(stays)).toHaveLength(before);
  expect(broker.log.head).toBe(0);
});

/** All topics that there are in the model. */
const TOPICS = ["a", "b/1", "b/2", "b/3", "c"];
const PATTERNS = ["a", "b/1", "b/2", "b/*", "c", "*"];
const SUBJECTS = ["u", "v", "w"];

type Step =
  | { do: "arrive"; subject: string; topics: string[]; elsewhere: boolean }
  | { do: "leave"; which: number }
  | { do: "pass"; milliseconds: number }
  | { do: "turn" | "stall" | "drain" | "lose the other node" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("arrive" as const),
    subject: fc.constantFrom(...SUBJECTS),
    topics: fc.uniqueArray(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 3 }),
    elsewhere: fc.boolean(),
  }),
  fc.record({ do: fc.constant("leave" as const), which: fc.nat(20) }),
  fc.record({ do: fc.constant("leave" as const), which: fc.nat(20) }),
  fc.record({ do: fc.constant("pass" as const), milliseconds: fc.constantFrom(100, 4000, 9900, 10_000) }),
  fc.record({
    do: fc.constantFrom("turn" as const, "turn" as const, "stall" as const, "drain" as const),
  }),
  fc.record({ do: fc.constant("lose the other node" as const) }),
);

/** A stream of the model. */
interface Stream {
  readonly subject: string;
  readonly topics: readonly string[];
  readonly key: string;
  /** Undefined at the other node. */
  readonly id: string | undefined;
  readonly beganAt: number;
  endedAt: number | undefined;
}

test("what watchers know is who has a stream, or had one within the grace", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { clock, broker, arrive, watch } = start();
      const watchers = [["a"], ["b/*", "a"], ["*"], ["b/1", "c"]].map((topics) => ({
        topics,
        sink: watch(topics, new ReaderSink()),
      }));
      const [, slow] = watchers;
      const streams: Stream[] = [];
      const elsewhere = new Map<string, number>();
      const change = (key: string, difference: number) => {
        const count = (elsewhere.get(key) ?? 0) + difference;
        elsewhere.set(key, count);
        broker.presence.changedElsewhere(key, count);
      };
      const open = () => streams.filter(({ endedAt }) => endedAt === undefined);
      const act = async (one: Step) => {
        switch (one.do) {
          case "arrive": {
            const { subject, topics } = one;
            const key = JSON.stringify([subject, topics]);
            const id = one.elsewhere ? undefined : arrive(subject, topics).id;
            if (one.elsewhere) change(key, 1);
            streams.push({ subject, topics, key, id, beganAt: clock.now(), endedAt: undefined });
            return;
          }
          case "leave": {
            const stream = open()[one.which];
            if (!stream) return;
            if (stream.id === undefined) change(stream.key, -1);
            else broker.removeClient(stream.id);
            stream.endedAt = clock.now();
            return;
          }
          case "lose the other node":
            for (const key of elsewhere.keys()) broker.presence.changedElsewhere(key, 0, GRACE);
            elsewhere.clear();
            for (const stream of open()) {
              if (stream.id === undefined) stream.endedAt = Math.max(stream.beganAt, clock.now() - GRACE);
            }
            return;
          case "pass":
            clock.advance(one.milliseconds);
            return;
          case "stall":
            slow?.sink.stall();
            return;
          case "drain":
            slow?.sink.drain();
            await new Promise((resolve) => setImmediate(resolve));
            return;
          case "turn":
            await broker.presence.turn();
        }
      };
      const assertKnown = () => {
        for (const { topics, sink } of watchers) {
          const present = presentTo(sink);
          for (const pattern of topics) {
            const here = streams.filter(
              ({ topics: asked, endedAt = Number.POSITIVE_INFINITY }) =>
                endedAt + GRACE > clock.now() &&
                TOPICS.some((topic) => matches([pattern], topic) && matches(asked, topic)),
            );
            const subjects = new Set(here.map(({ subject }) => subject));
            expect([pattern, [...(present.get(pattern) ?? [])].sort()]).toEqual([
              pattern,
              [...subjects].sort(),
            ]);
          }
        }
      };
      for (const one of steps) await act(one);
      await act({ do: "drain" });
      await act({ do: "turn" });
      assertKnown();
      clock.advance(GRACE);
      await act({ do: "turn" });
      assertKnown();
      await broker.close();
    }),
    { numRuns: 80 },
  );
});
