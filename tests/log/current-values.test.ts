import { expect, test } from "bun:test";
import { join } from "node:path";
import { type CurrentReader, CurrentValues } from "../../src/log/current-values.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { SqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { emptyFolder } from "../folder.ts";
import { draft, entry } from "./draft.ts";
import { Followed } from "./followed.ts";

const retained = (position: number, ...topics: string[]) => entry(position, { retain: true, topics });

/** The positions of the values, each with the topics that it is current on. */
const told = (values: CurrentReader) =>
  values
    .read(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
    .values.map(({ entry: { position }, topics }) => [position, ...topics]);

test("the newest event of a type is current on each of its topics", () => {
  const values = new CurrentValues();
  values.keep([retained(1, "a", "b"), retained(2, "b"), retained(3), entry(4, { topics: ["a"] })]);
  expect(told(values)).toEqual([[1, "a"], [2, "b"], [3]]);
  values.keep([entry(5, { retain: true, topics: ["a"], type: "other" }), retained(6, "a")]);
  expect(told(values)).toEqual([[2, "b"], [3], [5, "a"], [6, "a"]]);
  expect(values.count).toBe(4);
});

test("an event that names a topic twice is its value once", () => {
  const values = new CurrentValues();
  values.keep([retained(1, "a", "a")]);
  expect([told(values), values.count]).toEqual([[[1, "a"]], 1]);
  values.keep([retained(2, "a", "a")]);
  expect([told(values), values.count]).toEqual([[[2, "a"]], 1]);
});

test("past their bound the oldest go, and are counted", () => {
  const values = new CurrentValues({ values: 2 });
  values.keep([retained(1, "a"), retained(2, "b"), retained(3, "c")]);
  expect(told(values)).toEqual([
    [2, "b"],
    [3, "c"],
  ]);
  expect(values.dropped).toBe(1);
  const small = new CurrentValues({ bytes: 1 });
  small.keep([retained(1, "a", "b")]);
  expect([small.count, small.bytes, small.dropped]).toEqual([0, 0, 2]);
});

test("past their bound, one more costs no more however many there are", () => {
  const added = 4000;
  /** The shortest time of several rounds, in ms. */
  const timeAt = (bound: number) => {
    const times = [0, 1, 2].map(() => {
      const values = new CurrentValues({ values: bound });
      values.keep(Array.from({ length: bound }, (_, i) => retained(i + 1, `a${i}`)));
      const more = Array.from({ length: added }, (_, i) => retained(bound + i + 1, `b${i}`));
      const before = performance.now();
      for (const one of more) values.keep([one]);
      const time = performance.now() - before;
      expect([values.count, values.dropped]).toEqual([bound, added]);
      return time;
    });
    return Math.min(...times);
  };
  // It was many times as long: each looked at all that had gone before it.
  expect(timeAt(10_000)).toBeLessThan(10 * timeAt(100));
});

test("a read goes on at a position, whatever was replaced meanwhile", () => {
  const values = new CurrentValues();
  values.keep([retained(1, "a"), retained(2, "b"), retained(3, "c")]);
  const first = values.read(0, 3, 1);
  expect([first.values.length, first.upTo]).toEqual([1, 1]);
  values.keep([retained(4, "b")]);
  expect(values.read(1, 3, 10).values.map((value) => value.entry.position)).toEqual([3]);
});

test("thousands that are replaced leave nothing behind", () => {
  const values = new CurrentValues();
  for (let i = 1; i <= 5000; i++) values.keep([retained(i, "a")]);
  expect(told(values)).toEqual([[5000, "a"]]);
  expect(values.clear("t", "a").size).toBe(1);
  expect([values.count, values.bytes]).toEqual([0, 0]);
  expect(values.clear("t", "a").size).toBe(0);
});

const stores = {
  memory: () => new MemoryStore({ events: 2 }),
  sqlite: () => new SqliteStore(join(emptyFolder(), "log.db"), { bounds: { events: 2 } }),
};

for (const [name, open] of Object.entries(stores)) {
  test(`${name}: values outlive the history, are in a copy, and are erased`, async () => {
    const store = new Followed<MemoryStore | SqliteStore>(open());
    await store.append([draft({ id: "mine", retain: true, topics: ["a"] }), draft({ retain: true })]);
    await store.append([draft(), draft(), draft()]);
    expect(told(store.store.current)).toEqual([[1, "a"], [2]]);

    // A duplicate sets nothing.
    await store.append([draft({ id: "x", topics: ["a"], retain: true })]);
    await store.append([draft({ topics: ["a"], retain: true })]);
    await store.append([draft({ id: "x", topics: ["a"], retain: true })]);
    expect(told(store.store.current)).toEqual([[2], [7, "a"]]);

    const path = join(emptyFolder(), "copy.db");
    await store.store.backup(path);
    expect(store.store.erase(2)).toBe(true);
    expect(told(store.store.current)).toEqual([[7, "a"]]);
    const copy = new SqliteStore(path);
    expect(told(copy.current)).toEqual([[2], [7, "a"]]);
    copy.close();
    store.close();
  });
}

test("values in a file survive a restart, and what was cleared stays so", async () => {
  const path = join(emptyFolder(), "log.db");
  const first = new Followed(new SqliteStore(path, { bounds: { events: 1 } }));
  await first.append([draft({ retain: true, topics: ["a", "b"] }), draft({ retain: true, topics: ["b"] })]);
  await first.append([draft({ retain: true, topics: ["c"] })]);
  expect(first.store.clearCurrent("t", "c")).toBe(true);
  first.close();
  const second = new SqliteStore(path, { currentBounds: { values: 1 } });
  expect(told(second.current)).toEqual([[2, "b"]]);
  second.close();
  const third = new SqliteStore(path);
  expect(told(third.current)).toEqual([[2, "b"]]);
  third.close();
});
