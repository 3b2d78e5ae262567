import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Entry } from "../../../src/log/entry.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { StoreFileError } from "../../../src/log/sqlite/sqlite-file.ts";
import { SqliteStore } from "../../../src/log/sqlite/sqlite-store.ts";
import { clockOf } from "../../clock.ts";
import { emptyFolder } from "../../folder.ts";
import { draft } from "../draft.ts";
import { Followed } from "../followed.ts";

const file = () => join(emptyFolder(), "log.db");

/** What it says of a file that it does not open. */
function refusal(path: string): string {
  try {
    new SqliteStore(path).close();
  } catch (error) {
    expect(error).toBeInstanceOf(StoreFileError);
    return (error as Error).message;
  }
  return "opened";
}

test("holds after it was closed what it held before, and goes on from there", async () => {
  const path = file();
  const store = new Followed(new SqliteStore(path));
  const drafts = [draft({ id: "mine", topics: ["a"], retry: 1 }), draft({ private: true, topics: ["b"] })];
  const before = await store.append(drafts, [4, 2]);
  const { bytes } = store;
  store.close();

  const opened = new Followed(new SqliteStore(path));
  expect([opened.head, opened.count, opened.bytes, opened.earliest?.id]).toEqual([2, 2, bytes, "mine"]);
  expect(opened.read(0, 10)).toEqual(before);
  for (const entry of before) expect(opened.find(entry.id)).toEqual(entry);
  const after = await opened.append([draft()], [0]);
  expect(after[0]?.position).toBe(3);
  expect(opened.read(0, 10)).toEqual([...before, ...after]);
  // What is not of one life does not begin with one word.
  expect(after[0]?.id.split("-")[0]).not.toBe(before[1]?.id.split("-")[0]);
  opened.close();
});

test("holds what a store in memory holds, however events are kept together and wherever it is cut", async () => {
  const step = fc.record({
    size: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 90, max: 420 })),
    named: fc.boolean(),
    reopen: fc.boolean(),
    trim: fc.boolean(),
  });
  const steps = fc.array(step, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 6000 }),
      fc.nat(5999),
      async (all, events, somewhere) => {
        const path = file();
        const options = { bounds: { events }, clock: clockOf(() => 1000) };
        const model = new Followed(
          new MemoryStore(
            { events },
            clockOf(() => 1000),
          ),
        );
        let store = new Followed(new SqliteStore(path, options));
        for (const { size, named, reopen, trim } of all) {
          const drafts = Array.from({ length: size }, (_, i) => {
            const number = model.head + 1 + i;
            return draft({ id: named ? `n ${number}` : undefined, json: String(number) });
          });
          const recipients = drafts.map((_, i) => i);
          const expected = await model.append(drafts, recipients);
          // The ids that a store gives are its own.
          const withoutId = ({ position, json, recipients }: Entry) => [position, json, recipients];
          expect((await store.append(drafts, recipients)).map(withoutId)).toEqual(expected.map(withoutId));
          if (reopen) {
            store.close();
            store = new Followed(new SqliteStore(path, options));
          }
          if (trim) await store.trim();
          expect([store.head, store.count]).toEqual([model.head, model.count]);
          expect(store.earliest?.position).toBe(model.earliest?.position);
          const start = somewhere % (model.head + 1);
          for (const limit of [1, 150, 1]) {
            const read = store.read(start, limit);
            expect(read.map(withoutId)).toEqual(model.read(start, read.length).map(withoutId));
            expect(read.length > 0).toBe(start < model.head);
            expect(read.length).toBeLessThanOrEqual(limit);
            for (const entry of read) expect(store.find(entry.id)).toEqual(entry);
          }
          for (const id of [`n ${start}`, `n ${model.head}`]) {
            expect(store.find(id)?.position).toBe(model.find(id)?.position);
          }
        }
        const { count } = store;
        store.close();
        const rows = new Database(path);
        const kept = rows.query("SELECT total(count) FROM block").values().flat()[0];
        const named = rows.query("SELECT count(*) FROM name").values().flat()[0];
        rows.close();
        // The first block may have begun with some that are gone.
        expect(kept).toBeWithin(count, count + 100);
        // These are dropped a thousand at a time.
        expect(named).toBeLessThanOrEqual(count + 1100);
      },
    ),
    { numRuns: 15 },
  );
});

test("an append that fails leaves nothing behind, and the next one works", async () => {
  const path = file();
  new SqliteStore(path).close();
  const db = new Database(path);
  db.run(`CREATE TRIGGER refuse BEFORE UPDATE ON log WHEN EXISTS (SELECT 1 FROM block WHERE text LIKE '%refused%')
    BEGIN SELECT RAISE(ABORT, 'as ordered'); END`);
  db.close();
  const store = new Followed(new SqliteStore(path, { bounds: { events: 1 } }));
  const refused = [draft({ id: "a", json: '"refused, and longer than the others"' })];
  await expect(store.append(refused, [0])).rejects.toThrow("as ordered");
  expect([store.head, store.count, store.bytes, store.find("a")]).toEqual([0, 0, 0, undefined]);
  for (const id of ["a", "b"]) await store.append([draft({ id })], [0]);
  expect([store.head, store.count, store.find("a"), store.find("b")?.position]).toEqual([2, 1, undefined, 2]);
  const { bytes } = store;
  store.close();
  const opened = new Followed(new SqliteStore(path));
  expect([opened.count, opened.bytes, opened.earliest?.id]).toEqual([1, bytes, "b"]);
  opened.close();
});

test("gives no position again, though everything is gone and it was closed", async () => {
  const path = file();
  let now = 1000;
  const options = { bounds: { age: 10 }, clock: clockOf(() => now) };
  const store = new Followed(new SqliteStore(path, options));
  await store.append([draft(), draft()], [0, 0]);
  now = 2000;
  await store.trim();
  store.close();
  const opened = new Followed(new SqliteStore(path, options));
  expect([opened.head, opened.count, opened.bytes]).toEqual([2, 0, 0]);
  expect((await opened.append([draft()], [0]))[0]?.position).toBe(3);
  opened.close();
});

test("lets go at once of all that is too old, and still knows what the rest takes", async () => {
  const path = file();
  let now = 1000;
  const options = { bounds: { age: 100 }, clock: clockOf(() => now) };
  const store = new Followed(new SqliteStore(path, options));
  for (let i = 1; i <= 400; i++) {
    if (i === 301) now = 1060;
    await store.append([draft({ json: "1".repeat(i) })], [0]);
  }
  now = 1101;
  await store.trim();
  expect([store.count, store.earliest?.position]).toEqual([100, 301]);
  const { bytes } = store;
  store.close();
  const opened = new Followed(new SqliteStore(path, options));
  expect([opened.count, opened.bytes]).toEqual([100, bytes]);
  opened.close();
});

test("who reads when nothing is held hides nothing from those who read later", async () => {
  let now = 1000;
  const store = new Followed(new SqliteStore(file(), { bounds: { age: 100 }, clock: clockOf(() => now) }));
  await store.append([draft()], [0]);
  now = 2000;
  await store.trim();
  expect(store.read(0, 1)).toEqual([]);
  // More than stay in memory too.
  for (let i = 0; i < 3; i++) await store.append(Array(1000).fill(draft()), Array(1000).fill(0));
  expect(store.read(1, 1)[0]?.position).toBe(2);
  store.close();
});

test("a clock that is set back brings no disorder, nor makes events young again", async () => {
  const path = file();
  const real = Date.now;
  try {
    const store = new Followed(new SqliteStore(path));
    const [first] = await store.append([draft()], [0]);
    Date.now = () => real() - 86_400_000;
    const [second] = await store.append([draft()], [0]);
    store.close();
    const opened = new Followed(new SqliteStore(path, { bounds: { age: 7 * 86_400_000 } }));
    const [third] = await opened.append([draft()], [0]);
    const times = [first, second, third].map((entry) => entry?.keptAt ?? 0);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(opened.read(0, 10).map(({ id }) => id)).toEqual([first?.id, second?.id, third?.id] as string[]);
    // Set forward within a run, it makes nothing old at once.
    Date.now = () => real() + 30 * 86_400_000;
    await opened.trim();
    expect(opened.count).toBe(3);
    opened.close();
  } finally {
    Date.now = real;
  }
});

test("reads back a history of any size in pieces that are bounded", async () => {
  const path = file();
  const store = new Followed(new SqliteStore(path, { bounds: { events: 20_000 } }));
  const large = draft({ json: JSON.stringify("x".repeat(100_000)) });
  await store.append([...Array(100).fill(large), ...Array(9000).fill(draft())], Array(9100).fill(0));
  store.close();
  const opened = new Followed(new SqliteStore(path, { bounds: { events: 20_000 } }));
  let position = 0;
  for (let piece = opened.read(0, 256); piece.length > 0; piece = opened.read(position, 256)) {
    expect(piece[0]?.position).toBe(position + 1);
    expect(piece.reduce((sum, { json }) => sum + json.length, 0)).toBeLessThan(700_000);
    position = piece.at(-1)?.position ?? 0;
  }
  expect(position).toBe(9100);
  opened.close();
});

test("the file stops growing: after twenty times its bound it is as large as after ten", async () => {
  const path = file();
  const store = new Followed(new SqliteStore(path, { bounds: { bytes: 1_000_000, events: 1e9 } }));
  const sizes: number[] = [];
  const total = () => statSync(path).size + statSync(`${path}-wal`).size;
  for (let times = 0; times < 20; times++) {
    for (let kept = 0; kept < 1_000_000; kept += 100_000) {
      const drafts = Array.from({ length: 100 }, (_, i) =>
        draft({ id: crypto.randomUUID(), json: JSON.stringify("x".repeat(850 + i)) }),
      );
      await store.append(drafts, Array(100).fill(0));
    }
    sizes.push(total());
  }
  store.close();
  const main = statSync(path).size;
  console.log(
    `bound 1.0 MB: file ${main / 1e6} MB; with its log after each bound's worth: ${sizes.map((size) => (size / 1e6).toFixed(1)).join(" ")} MB`,
  );
  expect(sizes.at(-1)).toBeLessThan(1.05 * (sizes[9] as number));
  expect(main).toBeLessThan(2_000_000);
  expect(existsSync(`${path}-wal`)).toBeFalse();
});

test("a file that is opened with lower bounds shrinks to them", async () => {
  const path = file();
  const store = new Followed(new SqliteStore(path, { bounds: { events: 1e6 } }));
  for (let i = 0; i < 30; i++) await store.append(Array(1000).fill(draft()), Array(1000).fill(0));
  store.close();
  const large = statSync(path).size;
  const opened = new Followed(new SqliteStore(path, { bounds: { events: 100 } }));
  expect([opened.count, opened.earliest?.position]).toEqual([100, 29_901]);
  opened.close();
  expect(statSync(path).size).toBeLessThan(large / 10);
});

test("a file that is something else, damaged, of a later version or in use is refused in one line", async () => {
  const folder = emptyFolder();
  const path = (name: string) => join(folder, name);

  writeFileSync(path("text.db"), "not a database, however long it is. ".repeat(100));
  expect(refusal(path("text.db"))).toBe(`${path("text.db")} is not a store of Tidings`);
  expect(readFileSync(path("text.db"), "utf8")).toStartWith("not a database");

  const other = new Database(path("other.db"));
  other.run("CREATE TABLE theirs (a)");
  other.close();
  const bytes = readFileSync(path("other.db"));
  expect(refusal(path("other.db"))).toContain("a database of something else");
  // Theirs is as it was.
  expect(readFileSync(path("other.db"))).toEqual(bytes);

  const store = new Followed(new SqliteStore(path("ours.db")));
  expect(refusal(path("ours.db"))).toBe(`${path("ours.db")} is in use by another hub`);
  await store.append(Array(2000).fill(draft({ id: undefined, json: JSON.stringify("x".repeat(100)) })), []);
  store.close();

  const whole = readFileSync(path("ours.db"));
  const damaged = Buffer.from(whole);
  damaged.fill(0xa5, 4096 * 5, 4096 * 12);
  writeFileSync(path("damaged.db"), damaged);
  expect(refusal(path("damaged.db"))).toContain("is damaged");
  writeFileSync(path("short.db"), whole.subarray(0, whole.length / 2));
  expect(refusal(path("short.db"))).toContain("is damaged");

  for (const [last, lacking] of [
    [200, "101 to 200"],
    [100, "1 to 200"],
  ] as const) {
    const holes = new Database(path("ours.db"));
    holes.run("DELETE FROM block WHERE last = ?", [last]);
    holes.close();
    expect(refusal(path("ours.db"))).toContain(
      `${path("ours.db")} is damaged: events ${lacking} can't be read`,
    );
  }

  const later = new Database(path("ours.db"));
  later.run("PRAGMA user_version = 99");
  later.close();
  expect(refusal(path("ours.db"))).toBe(`${path("ours.db")} was made by a later version of Tidings`);

  expect(refusal(path("none/log.db"))).toContain("there is no folder");
  expect(refusal(folder)).toContain("can't be opened for writing");
});
