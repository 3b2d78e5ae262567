import { expect, test } from "bun:test";
import fc from "fast-check";
import { Broker } from "../../src/broker/broker.ts";
import type { Interest } from "../../src/broker/interest.ts";
import type { EventInput } from "../../src/events/event-input.ts";
import { until } from "../until.ts";
import { Recorder } from "./recorder.ts";

// Few names, so that they meet; among them prefixes of others and one with a star within.
const names = ["a", "a/", "a/b", "a/b/c", "ab", "b", "a/*b", "é/1"];
const topic = fc.constantFrom(...names);
const pattern = fc.oneof(topic, fc.constantFrom("*", "a*", "a/*", "a/b*", "é/*", "z*"));
const type = fc.constantFrom("t", "u", "v");
const interest: fc.Arbitrary<Interest> = fc.record(
  {
    topics: fc.array(pattern, { maxLength: 3 }),
    types: fc.array(type, { maxLength: 2 }),
    privateTopics: fc.array(pattern, { maxLength: 2 }),
  },
  { requiredKeys: ["topics", "types"] },
);
const event: fc.Arbitrary<EventInput> = fc
  .record(
    { type, data: fc.nat(), topics: fc.array(topic, { maxLength: 3 }), private: fc.boolean() },
    { requiredKeys: ["type", "data"] },
  )
  // A private event without a topic is refused.
  .map((event) => ({ ...event, private: event.private && event.topics?.length !== 0 && !!event.topics }));

/** The contract's words, with no index and no sharing. */
function isFor({ topics, types, privateTopics = [] }: Interest, event: EventInput): boolean {
  const { topics: of = [], type, private: hidden } = event;
  const covers = (patterns: readonly string[], name: string) =>
    patterns.some((pattern) =>
      pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    );
  if (types.length > 0 && !types.includes(type)) return false;
  if (topics.length > 0 && of.length > 0 && !of.some((name) => covers(topics, name))) return false;
  return !hidden || of.some((name) => covers(privateTopics, name));
}

test("each client has each event that is for it once and in order, live and replayed alike", async () => {
  const interests = fc.array(interest, { minLength: 1, maxLength: 8 });
  const events = fc.array(event, { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(interests, events, async (interests, events) => {
      const broker = new Broker();
      const live = interests.map((interest) => {
        const stream = new Recorder();
        broker.addClient(stream, { interest });
        return stream;
      });
      const receipts = await broker.publishBatch(events);
      const replayed = interests.map((interest) => {
        const stream = new Recorder();
        broker.addClient(stream, { interest, lastEventId: "earliest" });
        return stream;
      });
      const resumed = ({ read }: Recorder) => read.events.some(({ event }) => event === "tidings.resumed");
      await until(() => replayed.every(resumed));
      const expected = interests.map((interest) =>
        events
          .filter((event) => isFor(interest, event))
          .map(({ type, data }): [string, unknown] => [type, data]),
      );
      expect(live.map(({ events }) => events)).toEqual(expected);
      expect(replayed.map(({ events }) => events)).toEqual(expected);
      expect(receipts.map(({ recipients }) => recipients)).toEqual(
        events.map((event) => interests.filter((interest) => isFor(interest, event)).length),
      );
    }),
    { numRuns: 500 },
  );
});

test("a client that leaves takes nothing from those who want the same", async () => {
  const broker = new Broker();
  const interest = { topics: ["a", "b*"], types: [] };
  const [one, two] = [new Recorder(), new Recorder()];
  const { id } = broker.addClient(one, { interest });
  broker.addClient(two, { interest: { topics: ["b*", "a", "a"], types: [] } });
  broker.removeClient(id);
  const three = new Recorder();
  broker.addClient(three, { interest });
  await broker.publishBatch([{ type: "t", data: 1, topics: ["a"] }]);
  expect([one, two, three].map(({ events }) => events.length)).toEqual([0, 1, 1]);
});
