import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { EndedTopics } from "../../src/log/ended-topics.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { SqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { isRefusal, TopicEnded } from "../../src/log/store.ts";
import { emptyFolder } from "../folder.ts";
import { draft, entry } from "./draft.ts";

const ending = (...topics: string[]) => draft({ topics, end: true });
const namesOf = (topics: { all(): readonly { topic: string }[] }) => topics.all().map(({ topic }) => topic);

test("past the bound, those that ended first are open again, and are counted", () => {
  const ended = new EndedTopics(2);
  ended.keep([entry(1, { topics: ["a"], end: true }), entry(2, { topics: ["x"] })]);
  expect([...ended.keep([entry(3, { topics: ["b", "c"], end: true })]).keys()]).toEqual(["b", "c", "a"]);
  expect([namesOf(ended), ended.count, ended.dropped]).toEqual([["b", "c"], 2, 1]);
  expect(ended.get("b")).toEqual({ topic: "b", position: 3, private: false });
  expect([ended.open("b"), ended.open("b"), ended.count]).toEqual([true, false, 1]);
  ended.keep([entry(9, { topics: ["d"], end: true })]);
  ended.dropAfter(5);
  expect(namesOf(ended)).toEqual(["c"]);
});

const stores = {
  memory: (most?: number) => new MemoryStore({ events: 3 }, undefined, {}, most),
  sqlite: (most?: number) =>
    new SqliteStore(join(emptyFolder(), "log.db"), {
      bounds: { events: 3 },
      ...(most !== undefined && { endedTopics: most }),
    }),
};

for (const [name, open] of Object.entries(stores)) {
  test(`${name}: nothing is kept on a topic that has ended, but for what was published before`, async () => {
    const store = open();
    const batch = (...drafts: ReturnType<typeof draft>[]) => ({ drafts, recipients: [] });
    const last = draft({ id: "last", topics: ["a", "b"], end: true });
    const answers = await store.append([
      batch(draft({ topics: ["a"] })),
      batch(draft({ topics: ["c"] }), last),
      // In the same append, of other publishers.
      batch(draft({ topics: ["b"] })),
      batch(draft({ topics: ["c"] }), draft({ topics: ["a", "c"] })),
      batch(last),
    ]);
    expect(
      answers.map((answer) => (isRefusal(answer) ? answer : answer.map(({ position }) => position))),
    ).toEqual([[1], [2, 3], new TopicEnded("b"), new TopicEnded("a"), [3]]);
    // A batch that is refused ends nothing, and an end with other content is another event.
    const [refused, open1] = await store.append([
      batch(ending("d"), draft({ topics: ["a"] })),
      batch(draft({ topics: ["d"] })),
    ]);
    expect([refused, isRefusal(open1)]).toEqual([new TopicEnded("a"), false]);
    const [conflict] = await store.append([batch({ ...last, end: false })]);
    expect(conflict).toMatchObject({ name: "IdConflict" });

    // The history holds none of it any more.
    await store.append([batch(draft(), draft(), draft(), draft())]);
    expect((await store.append([batch(draft({ topics: ["b"] }))]))[0]).toEqual(new TopicEnded("b"));
    expect([await store.openTopic("b"), await store.openTopic("b")]).toEqual([true, false]);
    expect(isRefusal((await store.append([batch(draft({ topics: ["b"] }))]))[0])).toBeFalse();

    const path = join(emptyFolder(), "copy.db");
    await store.backup(path);
    const copy = new SqliteStore(path);
    expect(namesOf(copy.ended)).toEqual(["a"]);
    await copy.close();
    await store.close();
  });

  test(`${name}: of any events, those after an end are refused, and no others`, async () => {
    const topic = fc.constantFrom("a", "b", "c");
    const event = fc.record({ topics: fc.array(topic, { maxLength: 2 }), end: fc.boolean() });
    const step = fc.oneof(fc.array(event, { minLength: 1, maxLength: 3 }), topic);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.constantFrom(1, 2, 10), async (steps, most) => {
        const store = open(most);
        let ended: string[] = [];
        for (const one of steps) {
          if (typeof one === "string") {
            expect(await store.openTopic(one)).toBe(ended.includes(one));
            ended = ended.filter((topic) => topic !== one);
            continue;
          }
          const after = [...ended];
          let refused = false;
          for (const { topics, end } of one) {
            refused ||= topics.some((topic) => after.includes(topic));
            if (end) after.push(...new Set(topics));
          }
          const drafts = one.map((event) => draft({ ...event, end: event.end && event.topics.length > 0 }));
          const [answer] = await store.append([{ drafts, recipients: [] }]);
          expect(isRefusal(answer)).toBe(refused);
          if (!refused) ended = after.slice(-most);
          expect(namesOf(store.ended)).toEqual(ended);
        }
        await store.close();
      }),
      { numRuns: name === "memory" ? 200 : 20 },
    );
  });
}

test("in a file, topics stay ended after a restart, as far as the bound goes", async () => {
  const path = join(emptyFolder(), "log.db");
  const first = new SqliteStore(path);
  await first.append([{ drafts: [ending("a"), ending("b"), ending("c"), ending("d")], recipients: [] }]);
  first.openTopic("c");
  await first.close();
  const second = new SqliteStore(path, { endedTopics: 2 });
  expect([namesOf(second.ended), second.ended.dropped]).toEqual([["b", "d"], 1]);
  await second.close();
  const third = new SqliteStore(path);
  expect(namesOf(third.ended)).toEqual(["b", "d"]);
  await third.close();
});
