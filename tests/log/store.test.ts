import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { type Clock, systemClock } from "../../src/log/clock.ts";
import type { Entry } from "../../src/log/entry.ts";
import { Log } from "../../src/log/log.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { SqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { type Bounds, type Follower, IdConflict, type Store } from "../../src/log/store.ts";
import { TopicPatterns } from "../../src/topics/topic-patterns.ts";
import { clockOf } from "../clock.ts";
import { emptyFolder } from "../folder.ts";
import { draft } from "./draft.ts";
import { Followed } from "./followed.ts";

const kinds: Record<string, (bounds?: Partial<Bounds>, clock?: Clock) => Store> = {
  memory: (bounds, clock) => new MemoryStore(bounds, clock),
  sqlite: (bounds = {}, clock = systemClock) =>
    new SqliteStore(join(emptyFolder(), "log.db"), { bounds, clock }),
};

const silentFollower: Follower = {
  kept() {},
  rolledBack() {},
  failed() {},
  works() {},
  warned() {},
  noted() {},
};

/** A log that nobody reads. */
const logOf = (store: Store) =>
  new Log(store, {
    recipients: () => 7,
    deliver() {},
    missed() {},
    rolledBack() {},
    storeWarned() {},
    storeNoted() {},
    storeFails() {},
    storeWorks() {},
  });

for (const [name, open] of Object.entries(kinds)) {
  const opened = (...options: Parameters<typeof open>) => new Followed(open(...options));

  describe(name, () => {
    test("gives what is appended back as it came, in order", async () => {
      const store = opened();
      const drafts = [
        draft({ json: '{"n":1.50,"big":12345678901234567890}', topics: ["a", "é/\u{1f600}"], retry: 5 }),
        draft({ id: "mine", type: "ü", private: true, topics: ["a"] }),
        draft({ json: '"\\u0000\\n"' }),
      ];
      const entries = await store.append(drafts, [3, 0, 1]);
      expect(entries.map(({ position, recipients }) => [position, recipients])).toEqual([
        [1, 3],
        [2, 0],
        [3, 1],
      ]);
      expect(await store.read(0, 10)).toEqual(entries);
      expect(await store.read(1, 1)).toEqual(entries.slice(1, 2));
      expect(await store.read(3, 1)).toEqual([]);
      for (const [i, entry] of entries.entries()) {
        expect(entry).toMatchObject({ ...drafts[i], id: entry.id });
        expect(store.find(entry.id)).toEqual(entry);
      }
      expect([store.head, store.count, store.earliest?.id]).toEqual([3, 3, entries[0]?.id]);
      await store.close();
    });

    test("keeps as many events as it may, and no more", async () => {
      const store = opened({ events: 5 });
      const all = [];
      for (const size of [1, 3, 1, 4, 12, 1]) {
        all.push(...(await store.append(Array(size).fill(draft()), Array(size).fill(0))));
        const left = all.slice(-5);
        expect(await store.read(0, 100)).toEqual(left);
        expect([store.count, store.head, store.earliest?.id]).toEqual([left.length, all.length, left[0]?.id]);
        for (const [i, { id }] of all.entries()) {
          expect((await store.find(id)) === undefined).toBe(i < all.length - 5);
        }
      }
      await store.close();
    });

    test("keeps as many bytes as it may, and drops what alone is too much", async () => {
      const store = opened({ bytes: 20_000 });
      const large = () => draft({ json: JSON.stringify("x".repeat(4000)) });
      for (let i = 0; i < 20; i++) await store.append([large()], [0]);
      expect(store.bytes).toBeLessThanOrEqual(20_000);
      expect(store.count).toBeGreaterThan(1);
      await store.append([draft({ json: JSON.stringify("x".repeat(40_000)) })], [0]);
      expect([store.count, store.bytes, store.earliest]).toEqual([0, 0, undefined]);
      expect(await store.read(0, 10)).toEqual([]);
      const [next] = await store.append([draft()], [0]);
      expect(next?.position).toBe(22);
      await store.close();
    });

    test("drops what is too old, also when nothing is appended", async () => {
      let now = 1000;
      const store = opened(
        { age: 100 },
        clockOf(() => now),
      );
      const [first] = await store.append([draft()], [0]);
      now = 1060;
      const [second] = await store.append([draft()], [0]);
      now = 1100;
      await store.trim();
      expect(store.count).toBe(2);
      now = 1101;
      await store.trim();
      expect([store.count, store.earliest?.id]).toEqual([1, second?.id]);
      expect(await store.find(first?.id ?? "")).toBeUndefined();
      now = 5000;
      await store.trim();
      expect([store.count, store.bytes, store.head]).toEqual([0, 0, 2]);
      await store.close();
    });

    test("an id that is published again is a duplicate or a conflict, and free when it is gone", async () => {
      const store = open({ events: 3 });
      const log = logOf(store);
      const once = draft({ id: "x", json: "1" });
      const [first] = await log.append([once]);
      expect(first).toMatchObject({ duplicate: false, recipients: 7 });
      // In the same turn, in the same group, and later.
      const again = await Promise.all([log.append([once]), log.append([once, once])]);
      expect(again.flat()).toEqual(Array(3).fill({ ...first, duplicate: true }));
      const other = draft({ id: "x", json: "2" });
      await expect(log.append([draft({ id: "y" }), other])).rejects.toBeInstanceOf(IdConflict);
      expect([store.count, await log.locate("y", () => true)]).toEqual([1, undefined]);
      await log.append([draft(), draft(), draft()]);
      expect(await log.append([other])).toMatchObject([{ duplicate: false, position: 5 }]);
      await log.close();
    });

    test("an id is unique on its topics, as a set, and a reader resumes at the one it may read", async () => {
      const store = opened();
      const on = (topics: string[], json = "1") => draft({ id: "x", topics, json, private: true });
      expect(await store.append([on(["a", "b"]), on(["c"], "2"), on([], "3")])).toHaveLength(3);
      // The order of topics does not matter, nor how often one is named.
      expect(await store.append([on(["b", "a", "b"])])).toHaveLength(0);
      await expect(store.append([on(["a", "b"], "2")])).rejects.toBeInstanceOf(IdConflict);
      for (const change of [{ retain: true }, { text: true }, { private: false }, { type: undefined }]) {
        await expect(store.append([{ ...on(["c"], "2"), ...change }])).rejects.toBeInstanceOf(IdConflict);
      }
      const locate = (topic: string) =>
        store.store.locate("x", ({ topics }) => topics.includes(topic)) as number | undefined;
      expect([locate("a"), locate("b"), locate("c"), locate("d")]).toEqual([1, 1, 2, undefined]);
      store.close();
    });

    test("a place is known from the beginning of its life to its end, and while all after it is held", async () => {
      const store = opened({ events: 3 });
      const start = await store.store.follow(silentFollower);
      const [word = ""] = start.lives.map((life) => life.word);
      expect(store.locate(`${word}-0`)).toBe(0);
      await store.append([draft(), draft(), draft(), draft(), draft()]);
      // The third is gone, but what came after it is not.
      expect([0, 1, 2, 3, 5, 6].map((n) => store.locate(`${word}-${n}`))).toEqual([
        ...[undefined, undefined, 2, 3, 5],
        undefined,
      ]);
      for (const other of ["bbbbbbbbbbbb-3", "0123456789ab-3", "earliest", "", "x"]) {
        expect(store.locate(other)).toBeUndefined();
      }
      store.close();
    });

    test("who asks by topic reads all of it, and each stretch is looked through once", async () => {
      const topic = fc.constantFrom(
        "a",
        "a/1",
        "a/2",
        "b",
        "é",
        "\u{1f600}",
        `${"l".repeat(70)}1`,
        `${"l".repeat(70)}2`,
      );
      const pattern = fc.oneof(
        topic,
        fc.constantFrom("*", "a*", "a/*", "é*", "\u{1f600}*", `${"l".repeat(69)}*`),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.array(topic, { maxLength: 2 }), fc.nat(150)), { maxLength: 30 }),
          fc.array(pattern, { minLength: 1, maxLength: 3 }),
          async (runs, patterns) => {
            const store = opened({ events: 2500 });
            for (const [topics, count] of runs) await store.append(Array(count).fill(draft({ topics })));
            const wanted = new TopicPatterns(patterns);
            const isWanted = ({ topics }: Entry) => topics.length === 0 || wanted.hasAny(topics);
            const positions = (entries: readonly Entry[]) =>
              entries.filter(isWanted).map(({ position }) => position);
            expect(positions(store.all(patterns))).toEqual(positions(store.all()));
            store.close();
          },
        ),
        { numRuns: 20 },
      );
    });

    test("what is held counts with all its bytes, topics and ids too", async () => {
      const store = opened({ bytes: 1_000_000 });
      const topics = Array.from({ length: 100 }, (_, i) => `${i}${"t".repeat(1000)}`);
      for (let i = 0; i < 30; i++) await store.append([draft({ topics, id: `${i}${"x".repeat(1000)}` })]);
      expect(store.bytes).toBeLessThanOrEqual(1_000_000);
      expect(store.count).toBeWithin(3, 10);
      store.close();
    });
  });
}
