import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { openToRead } from "../../../src/log/sqlite/sqlite-file.ts";
import { SqliteStore } from "../../../src/log/sqlite/sqlite-store.ts";
import { clockOf } from "../../clock.ts";
import { emptyFolder } from "../../folder.ts";
import { draft } from "../draft.ts";
import { Followed } from "../followed.ts";

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const drafts = (count: number) => Array.from({ length: count }, (_, i) => draft({ json: String(i) }));

test("the file, its log and a backup are their owner's alone", async () => {
  const folder = emptyFolder();
  const path = join(folder, "log.db");
  const store = new Followed(new SqliteStore(path));
  await store.append([draft()]);
  await store.store.backup(join(folder, "backup.db"));
  for (const name of ["log.db", "log.db-wal", "backup.db"])
    expect([name, modeOf(join(folder, name))]).toEqual([name, "600"]);
  store.close();
  // One that an earlier version made for everybody to read.
  chmodSync(path, 0o644);
  new SqliteStore(path).close();
  expect(modeOf(path)).toBe("600");
});

test("a backup is a copy of one moment, made while the store goes on; one in memory makes one too", async () => {
  for (const kind of ["sqlite", "memory"]) {
    const folder = emptyFolder();
    const path = join(folder, "backup.db");
    const bounds = { events: 6000 };
    const own =
      kind === "sqlite" ? new SqliteStore(join(folder, "log.db"), { bounds }) : new MemoryStore(bounds);
    const store = new Followed(own);
    await store.append(drafts(5000));
    await store.append([draft({ id: "mine", topics: ["a"] })]);
    let isDone = false;
    const backup = own.backup(path).then(() => {
      isDone = true;
    });
    let during = 0;
    while (!isDone) {
      await store.append([draft({ json: '"later"' })]);
      during++;
      await new Promise(setImmediate);
    }
    await backup;
    expect(during).toBeGreaterThan(1);
    const copy = new Followed(new SqliteStore(path));
    expect([copy.head, copy.count, copy.find("mine")?.position]).toEqual([5001, 5001, 5001]);
    expect(copy.all().map(({ json }) => json)).toEqual([...drafts(5000), draft()].map(({ json }) => json));
    // A cursor of the time before the copy is good there; one of after it is another log's.
    const [before, after] = [store.at(5000)?.id ?? "", store.at(5002)?.id ?? ""];
    expect([copy.locate(before), copy.locate(after)]).toEqual([5000, undefined]);
    expect(existsSync(`${path}.partial`)).toBeFalse();
    copy.close();
    store.close();
  }
});

test("what is erased is nowhere: not in the file, its log, a backup under way, or memory", async () => {
  const folder = emptyFolder();
  const path = join(folder, "log.db");
  const store = new Followed(new SqliteStore(path));
  const secret = "the-secret-of-jane";
  await store.append(drafts(3000));
  await store.append([draft({ id: "jane", topics: ["users/jane"], json: JSON.stringify(secret) })]);
  await store.append(drafts(3000));
  const backup = store.store.backup(join(folder, "backup.db"));
  expect(store.store.erase(3001)).toBeTrue();
  await backup;
  expect(store.find("jane")).toMatchObject({
    position: 3001,
    json: "null",
    erased: true,
    topics: ["users/jane"],
  });
  expect(store.locate("jane")).toBe(3001);
  // Nobody gets another event in its place by publishing its id again.
  await expect(store.append([draft({ id: "jane", topics: ["users/jane"] })])).rejects.toThrow("already used");
  const files = ["log.db", "log.db-wal", "backup.db"].map((name) => join(folder, name));
  for (const file of files) expect([file, readFileSync(file).includes(secret)]).toEqual([file, false]);
  store.close();
  expect(readFileSync(path).includes(secret)).toBeFalse();
  const opened = new Followed(new SqliteStore(path));
  expect(opened.at(3001)).toMatchObject({ json: "null", erased: true });
  expect(opened.store.erase(9999)).toBeFalse();
  opened.close();
});

test("what is erased while another process reads the file is nowhere soon after", async () => {
  const path = join(emptyFolder(), "log.db");
  const store = new Followed(new SqliteStore(path, { shared: true }));
  await store.append([draft({ json: '"a secret"' })]);
  const reader = openToRead(path);
  reader.run("BEGIN");
  reader.query("SELECT * FROM block").all();
  const before = performance.now();
  expect(store.store.erase(1)).toBeTrue();
  // SQLite would wait for the reader for two seconds, and the hub with it.
  expect(performance.now() - before).toBeLessThan(1000);
  // What a crash leaves is removed after the next start.
  const left = join(emptyFolder(), "log.db");
  for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, left + suffix);
  const restarted = new Followed(new SqliteStore(left));
  await restarted.store.trim();
  reader.close(true);
  await store.store.trim();
  for (const file of [path, `${path}-wal`, left, `${left}-wal`])
    expect(readFileSync(file, "latin1")).not.toContain("a secret");
  restarted.close();
  store.close();
});

test("what could not be erased is current as before, and is gone from the file when it is erased", async () => {
  const path = join(emptyFolder(), "log.db");
  new SqliteStore(path).close();
  const db = new Database(path);
  db.run(`CREATE TRIGGER refuse BEFORE DELETE ON current_value
    WHEN EXISTS (SELECT 1 FROM block WHERE text LIKE '%refused%') BEGIN SELECT RAISE(ABORT, 'as ordered'); END`);
  db.close();
  const store = new Followed(new SqliteStore(path));
  const secret = JSON.stringify("the-secret-of-jane");
  await store.append([draft({ type: "t", topics: ["users/jane"], json: secret, retain: true })]);
  await store.append([draft({ json: '"refused"' })]);
  expect(() => store.store.erase(1)).toThrow("as ordered");
  expect(store.at(1)?.json).toBe(secret);
  expect(store.store.current.get("t", "users/jane")?.json).toBe(secret);
  expect([store.store.erase(2), store.store.erase(1)]).toEqual([true, true]);
  store.close();
  const opened = new Followed(new SqliteStore(path));
  expect(opened.store.current.count).toBe(0);
  opened.close();
  expect(readFileSync(path).includes(secret)).toBeFalse();
});

/** What may happen to the files of a store while it runs. */
const LOSSES: Readonly<Record<string, (path: string) => void>> = {
  rm: (path) => rmSync(path),
  mv: (path) => renameSync(path, `${path}.moved`),
  "rm of the log": (path) => rmSync(`${path}-wal`),
  "emptying of the file": (path) => truncateSync(path),
};

for (const [what, lose] of Object.entries(LOSSES)) {
  test(`${what} under a running store is noticed, and nothing is lost`, async () => {
    const path = join(emptyFolder(), "log.db");
    const store = new Followed(new SqliteStore(path));
    await store.append(drafts(3000));
    lose(path);
    await store.append(drafts(1));
    await expect(store.trim()).rejects.toThrow("was removed or moved while in use");
    await expect(store.append(drafts(1))).rejects.toThrow("was removed or moved while in use");
    await store.trim();
    expect(store.warnings).toEqual([`${path} had been removed; it is written anew, with all that was held`]);
    await store.append(drafts(2));
    await store.trim();
    store.close();
    const opened = new Followed(new SqliteStore(path));
    expect([opened.head, opened.count]).toEqual([3003, 3003]);
    const kept = [...drafts(3000), ...drafts(1), ...drafts(2)].map(({ json }) => json);
    expect(opened.all().map(({ json }) => json)).toEqual(kept);
    opened.close();
  });
}

for (const [what, lose] of Object.entries(LOSSES)) {
  test(`${what} just before a stop loses nothing either`, async () => {
    const path = join(emptyFolder(), "log.db");
    const store = new Followed(new SqliteStore(path));
    await store.append(drafts(3000));
    lose(path);
    await store.append(drafts(1));
    await store.store.close();
    const opened = new Followed(new SqliteStore(path));
    expect(opened.count).toBe(3001);
    opened.close();
  });
}

test("a stop after the folder is gone too says what is lost", async () => {
  const folder = join(emptyFolder(), "data");
  mkdirSync(folder);
  const store = new Followed(new SqliteStore(join(folder, "log.db")));
  await store.append(drafts(1));
  rmSync(folder, { recursive: true });
  await store.store.close();
  expect(store.warnings[0]).toContain("can't be written anew, so all is lost");
});

test("a file that is put in the place of the store's is left alone", async () => {
  const path = join(emptyFolder(), "log.db");
  const store = new Followed(new SqliteStore(path));
  await store.append(drafts(1));
  rmSync(path);
  writeFileSync(path, "a backup, say");
  for (const _ of [1, 2, 3]) await expect(store.trim()).rejects.toThrow("another file is at");
  await expect(store.append(drafts(1))).rejects.toThrow("another file is at");
  expect(readFileSync(path, "utf8")).toBe("a backup, say");
  expect(store.read(0, 1).length).toBe(1);
});

const YEAR = 365 * 86_400_000;

test("a start with a clock a year ahead lets nothing go at once, and one with the right clock goes on", async () => {
  const path = join(emptyFolder(), "log.db");
  let now = 1_700_000_000_000;
  const options = { bounds: { age: 3_600_000 }, clock: clockOf(() => now) };
  const first = new Followed(new SqliteStore(path, options));
  await first.append(drafts(10));
  first.close();

  now += YEAR;
  const ahead = new Followed(new SqliteStore(path, options));
  expect(ahead.warnings).toHaveLength(1);
  expect(ahead.warnings[0]).toContain("should that be wrong, set it right");
  await ahead.trim();
  expect(ahead.count).toBe(10);
  await ahead.append(drafts(1));
  ahead.close();

  // The clock is right again: what it kept is not of a year to come.
  now -= YEAR;
  const right = new Followed(new SqliteStore(path, options));
  expect(right.warnings[0]).toContain("events grow old from now on");
  expect(right.count).toBe(11);
  now += 3_600_001;
  await right.trim();
  expect(right.count).toBe(0);
  right.close();
});

test("events that are old for good go when they have been held for a while", async () => {
  const path = join(emptyFolder(), "log.db");
  let now = 1_700_000_000_000;
  const options = { bounds: { age: 60_000 }, clock: clockOf(() => now) };
  const first = new Followed(new SqliteStore(path, options));
  await first.append(drafts(10));
  first.close();
  now += YEAR;
  const later = new Followed(new SqliteStore(path, options));
  await later.trim();
  expect(later.count).toBe(10);
  now += 60_001;
  await later.trim();
  expect(later.count).toBe(0);
  later.close();
});
