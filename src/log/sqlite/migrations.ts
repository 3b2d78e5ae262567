import type { Database } from "bun:sqlite";
import { newWord } from "../../protocol/place.ts";
import { createEntry, type Entry } from "../entry.ts";
import { Blocks } from "./blocks.ts";

/**
 * What brings a file from the version of its place in this list to the next one. A file's version
 * is SQLite's `user_version`; a new one begins at 0. Steps are added, and never changed.
 */
export const MIGRATIONS: readonly ((db: Database) => void)[] = [
  (db) =>
    db.run(`CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    kept_at INTEGER NOT NULL,    -- milliseconds since 1970
    size INTEGER NOT NULL,       -- what it counts for against --history-bytes
    recipients INTEGER NOT NULL,
    named INTEGER,               -- a hash of its id, when that is its publisher's: xxHash32
    private INTEGER NOT NULL,
    retry INTEGER,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    topics TEXT,                 -- a JSON array; NULL for a broadcast
    json TEXT NOT NULL           -- its data
  ) STRICT;
  -- Other ids end in their position, and are found by that. An index of the ids themselves would be
  -- four times as large, and nearly all of it be written with every large batch.
  CREATE INDEX event_by_name ON event (named) WHERE named IS NOT NULL;
  -- The position of the newest event, which may be gone by now: it must not be given again.
  CREATE TABLE log (head INTEGER NOT NULL) STRICT;
  INSERT INTO log VALUES (0);`),

  (db) =>
    db.run(`CREATE TABLE block (
    last INTEGER PRIMARY KEY,    -- the position of its last event
    count INTEGER NOT NULL,      -- how many events there are in it, one after the other
    size INTEGER NOT NULL,       -- what it counts for against --history-bytes
    kept_at INTEGER NOT NULL,    -- milliseconds since 1970
    heads TEXT NOT NULL,         -- a JSON array of [id, type, topics, recipients, private, retry]
    data TEXT NOT NULL           -- the events' data, a line of JSON each
  ) STRICT;
  -- The events whose ids are their publishers'.
  CREATE TABLE named (
    position INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL        -- of its id: xxHash32
  ) STRICT;
  CREATE INDEX named_by_hash ON named (hash);
  -- The position of the oldest event that is still held: the first of its block may be gone.
  ALTER TABLE log ADD COLUMN first INTEGER NOT NULL DEFAULT 1;
  UPDATE log SET first = coalesce((SELECT min(position) FROM event), head + 1);
  INSERT INTO named SELECT position, named FROM event WHERE named IS NOT NULL;
  INSERT INTO block SELECT position, 1, size, kept_at,
    json_array(json_array(id, type, json(coalesce(topics, '[]')), recipients,
      json(iif(private, 'true', 'false')), retry)),
    json FROM event;
  DROP TABLE event;`),

  (db) => {
    db.run("ALTER TABLE block RENAME TO old_block");
    db.run("DROP TABLE named");
    db.run(TABLES);
    encodeBlocks(db);
    db.run("DROP TABLE old_block");
  },

  (db) =>
    db.run(`CREATE TABLE current_value (
    position INTEGER PRIMARY KEY,
    topics TEXT NOT NULL,        -- those that it is current on: a JSON array, empty for none
    text TEXT NOT NULL           -- the event as a block of its own, since the history may not hold it
  ) STRICT;`),

  (db) =>
    db.run(`CREATE TABLE ended_topic (
    topic TEXT PRIMARY KEY,
    position INTEGER NOT NULL,   -- of its last event, which the history may not hold
    private INTEGER NOT NULL     -- whether that event is: 0 or 1
  ) STRICT, WITHOUT ROWID;`),
];

/** The tables of the third version, besides `log`. */
const TABLES = `
  CREATE TABLE block (
    last INTEGER PRIMARY KEY,    -- the position of its last event
    count INTEGER NOT NULL,      -- how many events there are in it, one after the other
    size INTEGER NOT NULL,       -- what it counts for against --history-bytes
    kept_at INTEGER NOT NULL,    -- milliseconds since 1970: its age is counted from there
    text TEXT NOT NULL           -- the block: see block.ts
  ) STRICT;
  -- Where there are events on a topic, or broadcasts ('').
  CREATE TABLE topic (
    name TEXT NOT NULL,          -- the first 64 characters of the topic
    segment INTEGER NOT NULL,    -- 1,024 positions from 1,024 times this on
    PRIMARY KEY (name, segment)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX topic_by_segment ON topic (segment);
  -- Where events stand whose ids are their publishers'.
  CREATE TABLE name (
    position INTEGER PRIMARY KEY,
    key BLOB NOT NULL            -- 64 bits of the SHA-256 of the id, and 64 of that of its topics, as a set
  ) STRICT;
  CREATE INDEX name_by_key ON name (key);
  -- The file has been opened so often: each time a life of the log begins.
  CREATE TABLE life (
    number INTEGER PRIMARY KEY,
    word TEXT NOT NULL UNIQUE,
    first INTEGER NOT NULL       -- the position of its first event
  ) STRICT;
  -- Events that were damaged, and are gone: both ends are included.
  CREATE TABLE missing (
    last INTEGER PRIMARY KEY,
    first INTEGER NOT NULL
  ) STRICT;`;

interface OldBlock {
  readonly last: number;
  readonly keptAt: number;
  readonly heads: string;
  readonly data: string;
}

type OldHead = readonly [
  id: string,
  type: string,
  topics: readonly string[],
  recipients: number,
  isPrivate: boolean,
  retry: number | null,
];

/** Writes the blocks of the second version in the format of the third. */
function encodeBlocks(db: Database): void {
  const blocks = new Blocks(db);
  const addLife = db.prepare("INSERT INTO life (word, first) VALUES (?, ?)");
  const words = new Set<string>();
  let word: string | undefined;
  const old = db.prepare<OldBlock, []>(
    "SELECT last, kept_at AS keptAt, heads, data FROM old_block ORDER BY last",
  );
  for (const block of old.iterate()) {
    const heads: readonly OldHead[] = JSON.parse(block.heads);
    const first = block.last + 1 - heads.length;
    const given = heads.map(([id], i) => wordOf(id, first + i)).find((found) => found !== undefined);
    // Only ids that a store gave have its word, and a store that is opened again has another.
    if (word === undefined || (given !== undefined && given !== word)) {
      word = given !== undefined && !words.has(given) ? given : newWord();
      words.add(word);
      addLife.run(word, first);
    }
    for (const _ of blocks.add(oldEntries(block, heads, word))) {
      // A migration is one step: the hub does not run yet.
    }
  }
  old.finalize();
  addLife.finalize();
}

/** The word in an id that a store of the first versions may have given: 12 hexadecimal digits. */
function wordOf(id: string, position: number): string | undefined {
  const [, word, digits] = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id) ?? [];
  return Number(digits) === position ? word : undefined;
}

function oldEntries(
  { last, keptAt, data }: OldBlock,
  heads: readonly OldHead[],
  word: string,
): readonly Entry[] {
  const lines = data.split("\n");
  if (lines.length !== heads.length) throw new RangeError(`the events up to position ${last} are damaged`);
  return heads.map(([id, type, topics, recipients, isPrivate, retry], i) =>
    createEntry({
      ...{ word, position: last + 1 - heads.length + i, id, keptAt, recipients, erased: false },
      ...{ type, json: lines[i] ?? "", text: false, topics, retry: retry ?? undefined },
      ...{ private: isPrivate, retain: false, end: false },
    }),
  );
}
