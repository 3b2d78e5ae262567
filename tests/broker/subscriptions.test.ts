import { expect, spyOn, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import type { Reader } from "../../src/broker/subscription.ts";
import { Subscriptions } from "../../src/broker/subscriptions.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { PatternIndex } from "../../src/topics/pattern-index.ts";
import { draft, entry } from "../log/draft.ts";
import { SlowStore } from "../log/slow-store.ts";
import { Recorder } from "./recorder.ts";

const interest = (topic: string) => ({ topics: [topic], types: [] });

test("an event's subscriptions are searched for once, unless one has come or gone since", () => {
  const subscriptions = new Subscriptions<Reader>();
  const [a, b] = ["a", "b"].map((topic) => subscriptions.get(interest(topic), "comment"));
  const search = spyOn(PatternIndex.prototype, "find");
  const drafts = ["a", "b", "a"].map((topic) => draft({ topics: [topic] }));
  for (const draft of drafts) subscriptions.recipients(draft);
  expect(search).toHaveBeenCalledTimes(3);
  // The first was a duplicate, say: it is not delivered.
  const found = drafts.slice(1).map(({ topics }, i) => subscriptions.find(entry(i + 1, { topics })));
  expect(found).toEqual([[b], [a]] as never);
  expect(search).toHaveBeenCalledTimes(3);
  // What was not counted here is searched for: it comes from another node.
  expect(subscriptions.find(entry(3, { topics: ["b"] }))).toEqual([b] as never);
  expect(search).toHaveBeenCalledTimes(4);

  const [last = draft()] = drafts;
  subscriptions.recipients(last);
  const all = subscriptions.get(interest("*"), "comment");
  expect(subscriptions.find(entry(4, { topics: last.topics }))).toEqual([a, all] as never);
  expect(search).toHaveBeenCalledTimes(6);
  search.mockRestore();
});

test("a client that comes between the count and the delivery is sent the event", async () => {
  const store = Promise.withResolvers<void>();
  const broker = new Broker({ store: new SlowStore(new MemoryStore(), () => store.promise) });
  const [early, late] = [new Recorder(), new Recorder()];
  broker.addClient(early, { interest: interest("a") });
  const publishing = broker.publish({ type: "n", data: 1, topic: "a" });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  broker.addClient(late, { interest: interest("a*") });
  store.resolve();
  expect((await publishing).recipients).toBe(1);
  expect([early, late].map(({ events }) => events)).toEqual([[["n", 1]], [["n", 1]]]);
  await broker.close();
});
