import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { SqliteStore } from "../../../src/log/sqlite/sqlite-store.ts";
import { emptyFolder } from "../../folder.ts";
import { draft } from "../draft.ts";
import { Followed } from "../followed.ts";

/** Makes a file as the first version made it, with these rows. */
function firstVersion(head: number, rows: readonly (readonly (string | number | null)[])[]): string {
  const path = join(emptyFolder(), "log.db");
  const db = new Database(path);
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA journal_mode = WAL");
  db.run(`
    CREATE TABLE event (
      position INTEGER PRIMARY KEY,
      kept_at INTEGER NOT NULL,
      size INTEGER NOT NULL,
      recipients INTEGER NOT NULL,
      named INTEGER,
      private INTEGER NOT NULL,
      retry INTEGER,
      id TEXT NOT NULL,
      type TEXT NOT NULL,
      topics TEXT,
      json TEXT NOT NULL
    ) STRICT;
    CREATE INDEX event_by_name ON event (named) WHERE named IS NOT NULL;
    CREATE TABLE log (head INTEGER NOT NULL) STRICT;
    PRAGMA application_id = ${0x54_44_4e_47};
    PRAGMA user_version = 1;
  `);
  db.query("INSERT INTO log VALUES (?)").run(head);
  const insert = db.query("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const row of rows) insert.run(...row);
  db.close();
  return path;
}

test("a file of the first version opens with its events", async () => {
  const json = '{"n":1.50,"big":12345678901234567890,"é":"\\u0000\\n\\"\u{1f600}"}';
  const path = firstVersion(5, [
    [3, 1000, 150, 4, Bun.hash.xxHash32("mine"), 0, 5, "mine", "ü", '["a","é/\u{1f600}"]', json],
    [4, 1000, 60, 0, null, 0, null, "0123456789ab-4", "t", null, "1"],
    [5, 2000, 70, 1, null, 1, null, "0123456789ab-5", "t", '["b"]', '"\\u2028"'],
  ]);
  const expected = [
    {
      ...draft({ type: "ü", json, topics: ["a", "é/\u{1f600}"], retry: 5 }),
      ...{ position: 3, id: "mine", keptAt: 1000, recipients: 4, erased: false },
    },
    {
      ...draft(),
      ...{ position: 4, id: "0123456789ab-4", keptAt: 1000, recipients: 0, erased: false },
    },
    {
      ...draft({ json: '"\\u2028"', topics: ["b"], private: true }),
      ...{ position: 5, id: "0123456789ab-5", keptAt: 2000, recipients: 1, erased: false },
    },
  ];
  // Once as it is brought up, once as that is read.
  for (const _ of [1, 2]) {
    const store = new Followed(new SqliteStore(path));
    expect([store.head, store.count, store.earliest?.id]).toEqual([5, 3, "mine"]);
    expect(store.read(0, 10).map((entry) => ({ ...entry }))).toMatchObject(expected);
    for (const { id } of expected) expect(store.find(id)).toMatchObject({ id });
    store.close();
  }
  const store = new Followed(new SqliteStore(path, { bounds: { events: 3 } }));
  const [next] = await store.append([draft()], [0]);
  expect(next?.position).toBe(6);
  expect([store.count, store.find("mine"), store.earliest?.position]).toEqual([3, undefined, 4]);
  store.close();
});

test("one without events keeps its head", async () => {
  const store = new Followed(new SqliteStore(firstVersion(7, [])));
  expect([store.head, store.count, store.bytes, store.earliest]).toEqual([7, 0, 0, undefined]);
  expect((await store.append([draft()], [0]))[0]?.position).toBe(8);
  store.close();
});

test("one that lacks events is refused", async () => {
  const row = (position: number) => [position, 1, 60, 0, null, 0, null, `a-${position}`, "t", null, "1"];
  const path = firstVersion(3, [row(1), row(3)]);
  expect(() => new SqliteStore(path)).toThrow(`${path} is damaged: events 2 to 2 can't be read`);
});

/** Makes a file as the second version made it: two runs of a hub, with ids of its own and a publisher's. */
function secondVersion(): string {
  const path = join(emptyFolder(), "log.db");
  const db = new Database(path);
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA journal_mode = WAL");
  db.run(`
    CREATE TABLE block (
      last INTEGER PRIMARY KEY,
      count INTEGER NOT NULL,
      size INTEGER NOT NULL,
      kept_at INTEGER NOT NULL,
      heads TEXT NOT NULL,
      data TEXT NOT NULL
    ) STRICT;
    CREATE TABLE named (position INTEGER PRIMARY KEY, hash INTEGER NOT NULL) STRICT;
    CREATE INDEX named_by_hash ON named (hash);
    CREATE TABLE log (head INTEGER NOT NULL, first INTEGER NOT NULL DEFAULT 1) STRICT;
    INSERT INTO log VALUES (6, 2);
    INSERT INTO named VALUES (3, 1), (6, 2);
    PRAGMA application_id = ${0x54_44_4e_47};
    PRAGMA user_version = 2;
  `);
  const insert = db.query("INSERT INTO block VALUES (?, ?, 100, ?, ?, ?)");
  const blocks = [
    [
      2,
      1000,
      [
        ["aaaaaaaaaaa1-1", "t", [], 0, false, null],
        ["aaaaaaaaaaa1-2", "t", ["a"], 3, true, 7],
      ],
      "1\n2",
    ],
    [
      4,
      2000,
      [
        ["mine", "ü", ["b"], 0, false, null],
        ["aaaaaaaaaaa1-4", "t", [], 0, false, null],
      ],
      '"\u{1f600}"\n4',
    ],
    [
      6,
      3000,
      [
        ["bbbbbbbbbbb2-5", "t", [], 0, false, null],
        ["aaaaaaaaaaa1-9", "t", [], 0, false, null],
      ],
      "5\n6",
    ],
  ] as const;
  for (const [last, keptAt, heads, data] of blocks) {
    insert.run(last, heads.length, keptAt, JSON.stringify(heads), data);
  }
  db.close();
  return path;
}

test("a file of the second version opens with its events, and its cursors are still good", async () => {
  const path = secondVersion();
  for (const _ of [1, 2]) {
    const store = new Followed(new SqliteStore(path));
    expect([store.head, store.count]).toEqual([6, 5]);
    expect(store.all().map(({ id, json, recipients, retry }) => [id, json, recipients, retry])).toEqual([
      ["aaaaaaaaaaa1-2", "2", 3, 7],
      ["mine", '"\u{1f600}"', 0, undefined],
      ["aaaaaaaaaaa1-4", "4", 0, undefined],
      ["bbbbbbbbbbb2-5", "5", 0, undefined],
      ["aaaaaaaaaaa1-9", "6", 0, undefined],
    ]);
    const cursors = [
      "aaaaaaaaaaa1-1",
      "aaaaaaaaaaa1-4",
      "mine",
      "bbbbbbbbbbb2-5",
      "aaaaaaaaaaa1-9",
      "aaaaaaaaaaa1-8",
    ];
    expect(cursors.map((cursor) => store.locate(cursor))).toEqual([1, 4, 3, 5, 6, undefined]);
    expect(store.all(["b"]).map(({ position }) => position)).toContain(3);
    store.close();
  }
});

test("places outlive restarts; one past the end of its life is unknown", async () => {
  const path = join(emptyFolder(), "log.db");
  const words: string[] = [];
  for (const count of [0, 3, 0, 2]) {
    const store = new Followed(new SqliteStore(path));
    words.push(
      store.store
        .follow({ kept() {}, rolledBack() {}, failed() {}, works() {}, warned() {}, noted() {} })
        .lives.at(-1)?.word ?? "",
    );
    await store.append(Array(count).fill(draft()));
    store.close();
  }
  const store = new Followed(new SqliteStore(path));
  const [first, second, third, fourth] = words;
  const at = (...places: string[]) => places.map((place) => store.locate(place));
  expect(at(`${first}-0`, `${first}-1`)).toEqual([0, undefined]);
  expect(at(`${second}-0`, `${second}-1`, `${second}-3`, `${second}-4`)).toEqual([0, 1, 3, undefined]);
  expect(at(`${third}-0`, `${third}-4`)).toEqual([3, undefined]);
  expect(at(`${fourth}-0`, `${fourth}-3`, `${fourth}-5`, `${fourth}-6`)).toEqual([
    3,
    undefined,
    5,
    undefined,
  ]);
  store.close();
});
