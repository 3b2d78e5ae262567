import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { StoreFileError } from "../../../src/log/sqlite/sqlite-file.ts";
import { SqliteStore } from "../../../src/log/sqlite/sqlite-store.ts";
import { emptyFolder } from "../../folder.ts";
import { draft } from "../draft.ts";
import { Followed } from "../followed.ts";

const jsonOf = (position: number) => JSON.stringify({ position, text: `ü${"x".repeat(position % 700)}` });
const topicOf = (position: number) => (position % 100 === 7 ? "rare" : `t/${position % 10}`);

/** A file with so many events, each of which says where it stands. */
async function wholeFile(path: string, count: number): Promise<void> {
  const store = new Followed(new SqliteStore(path));
  for (let at = 0; at < count; at += 50) {
    const drafts = Array.from({ length: 50 }, (_, i) => {
      const position = at + i + 1;
      const id = position % 3 === 0 ? `n ${position}` : undefined;
      return draft({ id, json: jsonOf(position), topics: [topicOf(position)] });
    });
    await store.append(drafts);
  }
  store.close();
}

/** Holds what is read to what was kept: each event right, or said to be missing. */
function assertRight(store: Followed): number {
  let next = 1;
  for (const { entries, missing, upTo } of store.stretches()) {
    if (missing) {
      expect(missing.from).toBe(next);
      next = missing.to + 1;
    }
    for (const { position, json, topics } of entries) {
      expect([position, json, topics]).toEqual([next, jsonOf(position), [topicOf(position)]]);
      next++;
    }
    expect(next).toBe(upTo + 1);
  }
  return next - 1;
}

test("a damaged file is refused in a line, or serves what is right and says what is not", async () => {
  const folder = emptyFolder();
  const whole = join(folder, "whole.db");
  await wholeFile(whole, 1000);
  const bytes = readFileSync(whole);
  let files = 0;
  const counts = { refused: 0, harmless: 0, repaired: 0, lost: 0 };
  const change = fc.record({
    at: fc.nat(bytes.length - 1),
    length: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 9000 })),
    with: fc.constantFrom("flip", "zero", "noise", "cut"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      let damaged = Buffer.from(bytes);
      for (const { at, length, with: kind } of changes) {
        if (kind === "cut") damaged = damaged.subarray(0, Math.max(100, at));
        const end = Math.min(damaged.length, at + length);
        for (let i = at; i < end; i++) {
          damaged[i] =
            kind === "flip" ? (damaged[i] ?? 0) ^ (1 << (i % 8)) : kind === "zero" ? 0 : (i * 7919) & 255;
        }
      }
      const path = join(folder, `${files++}.db`);
      writeFileSync(path, damaged);
      let store: Followed;
      try {
        store = new Followed(new SqliteStore(path));
        counts.harmless++;
      } catch (error) {
        counts.refused++;
        expect(error).toBeInstanceOf(StoreFileError);
        expect((error as Error).message).not.toContain("\n");
        if (!(error as StoreFileError).repairable) return;
        try {
          store = new Followed(new SqliteStore(path, { repair: true }));
        } catch (error) {
          counts.lost++;
          expect(error).toBeInstanceOf(StoreFileError);
          return;
        }
        counts.repaired++;
        expect(existsSync(`${path}.damaged`)).toBeTrue();
      }
      expect(assertRight(store)).toBe(store.head);
      const rare = store.all(["rare"]).map(({ position }) => position);
      const held = store.all().map(({ position }) => position);
      expect(rare).toEqual(expect.arrayContaining(held.filter((position) => topicOf(position) === "rare")));
      expect((await store.append([draft()]))[0]?.position).toBe(store.head);
      store.close();
    }),
    { numRuns: 150, seed: 150 },
  );
  console.log(`150 damaged files: ${JSON.stringify(counts)}`);
}, 120_000);

test("a block that is damaged under a running store is a stretch that is missing", async () => {
  const path = join(emptyFolder(), "log.db");
  await wholeFile(path, 4000);
  const store = new Followed(new SqliteStore(path, { bounds: { events: 4000 } }));
  expect(assertRight(store)).toBe(4000);
  store.close();
  // Behind the back of a store that has been checked.
  const broken = new Followed(new SqliteStore(path));
  const copy = join(emptyFolder(), "log.db");
  broken.close();
  copyFileSync(path, copy);
  const db = new Database(copy);
  db.run(
    "CREATE TRIGGER harm AFTER INSERT ON life BEGIN UPDATE block SET text = replace(text, 'x', 'y') WHERE last = 150; END",
  );
  db.close();
  const harmed = new Followed(new SqliteStore(copy));
  expect(assertRight(harmed)).toBe(4000);
  const missing = harmed.stretches().flatMap(({ missing }) => (missing ? [missing] : []));
  expect(missing).toEqual([{ from: 101, to: 150 }]);
  expect(harmed.warnings).toEqual([
    `${copy} is damaged: events 101 to 150 can't be read; readers are told of a gap`,
  ]);
  // Those who want what is not in it are told too: nobody knows what was in it.
  const rare = harmed.stretches(["t/1"]);
  expect(rare.flatMap(({ missing }) => (missing ? [missing] : []))).toEqual(missing);
  harmed.close();
  expect(() => new SqliteStore(copy)).toThrow("events 101 to 150 can't be read");
  const repaired = new Followed(new SqliteStore(copy, { repair: true }));
  expect(assertRight(repaired)).toBe(4000);
  expect(repaired.count).toBe(3950);
  repaired.close();
  // Once repaired, it is in order.
  const again = new Followed(new SqliteStore(copy));
  expect([again.count, again.head]).toEqual([3950, 4000]);
  again.close();
});

test("what finds the blocks is made again when it is damaged", async () => {
  const path = join(emptyFolder(), "log.db");
  await wholeFile(path, 3000);
  const db = new Database(path);
  db.run("DELETE FROM topic WHERE name = 'rare'");
  db.run("UPDATE name SET key = randomblob(16) WHERE position % 9 = 0");
  db.close();
  const store = new Followed(new SqliteStore(path));
  const rare = store
    .stretches(["rare"])
    .flatMap(({ entries }) => entries.filter(({ topics }) => topics[0] === "rare"));
  expect(rare.length).toBe(30);
  expect(store.locate("n 9")).toBe(9);
  store.close();
});

test("what still finds events that are gone is no damage", async () => {
  const path = join(emptyFolder(), "log.db");
  await wholeFile(path, 3000);
  // The first event is amid a block and amid a segment.
  new SqliteStore(path, { bounds: { events: 1450 } }).close();
  const mark = "SELECT count(*) AS count FROM topic WHERE name = 'mark'";
  const db = new Database(path);
  db.run("INSERT INTO topic VALUES ('mark', 1)");
  db.run("INSERT OR REPLACE INTO name VALUES (1, randomblob(16))");
  db.close();
  new SqliteStore(path, { bounds: { events: 1450 } }).close();
  const after = new Database(path);
  expect(after.query(mark).get()).toEqual({ count: 1 });
  after.close();
});

test("a copy that broke off is repaired with all that is whole in it", async () => {
  const folder = emptyFolder();
  const whole = join(folder, "whole.db");
  await wholeFile(whole, 1000);
  const bytes = readFileSync(whole);
  for (const [part, least] of [
    [bytes.length - 4096, 900],
    [bytes.length / 2, 100],
  ] as const) {
    const path = join(folder, `${part}.db`);
    writeFileSync(path, bytes.subarray(0, part));
    expect(() => new SqliteStore(path)).toThrow("damaged");
    const repaired = new Followed(new SqliteStore(path, { repair: true }));
    assertRight(repaired);
    expect(repaired.count).toBeGreaterThan(least);
    repaired.close();
  }
});
