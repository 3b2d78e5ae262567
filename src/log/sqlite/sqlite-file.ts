import { Database, SQLiteError } from "bun:sqlite";
import { existsSync } from "node:fs";
import { dirname } from "node:path";

/**
 * What an acknowledged event survives: `normal` the end of the process, however it comes; `full`
 * also that of the machine, at the price of waiting for the disk at every commit.
 */
export type Sync = "normal" | "full";

/** A file that can't be the store; the message says which, and why. */
export class StoreFileError extends Error {
  override readonly name = "StoreFileError";
}

/** SQLite keeps it in the file's header, so that a store is known from any other file: "TDNG". */
const APPLICATION_ID = 0x54_44_4e_47;

/**
 * What brings a file from the version of its place in this list to the next one. A file's version
 * is SQLite's `user_version`; a new one begins at 0. Steps are added, and never changed.
 */
const MIGRATIONS = [
  `CREATE TABLE event (
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
  INSERT INTO log VALUES (0);`,

  `CREATE TABLE block (
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
  DROP TABLE event;`,

  `CREATE TABLE life (
    word TEXT PRIMARY KEY,
    first INTEGER NOT NULL       -- the position at which it begins
  ) STRICT;`,
];

/** The write-ahead log is moved into the file when it has this many pages (of 4 KiB)… */
const CHECKPOINT_PAGES = 2000;
/** …and then cut back to this size, if a large batch has made it larger. In bytes. */
const LARGEST_WAL = 16 * 1024 * 1024;

/**
 * Opens the file for this process alone, makes it if it is not there, and brings it to this version.
 *
 * @throws StoreFileError when it is something else, damaged, of a later version, in use, or can't
 * be written to.
 */
export function openStoreFile(path: string, sync: Sync): Database {
  let db: Database | undefined;
  try {
    db = new Database(path, { create: true, readwrite: true, strict: true });
    prepare(db, path, sync);
    return db;
  } catch (error) {
    db?.close(true);
    throw storeFileError(error, path);
  }
}

/** What SQLite throws while a file is opened, in words for whoever named it; other errors as they are. */
export function storeFileError(error: unknown, path: string): unknown {
  if (!(error instanceof SQLiteError)) return error;
  return new StoreFileError(reasonOf(error, path), { cause: error });
}

function prepare(db: Database, path: string, sync: Sync): void {
  // The lock is taken with the first read, and kept.
  db.run("PRAGMA locking_mode = EXCLUSIVE");
  const applicationId = pragma(db, "application_id");
  const version = pragma(db, "user_version");
  const isNew = applicationId === 0 && version === 0 && pragma(db, "schema_version") === 0;
  if (!isNew && applicationId !== APPLICATION_ID) {
    throw new StoreFileError(`${path} is not a store of Tidings, but a database of something else`);
  }
  if (version > MIGRATIONS.length) {
    throw new StoreFileError(`${path} was made by a later version of Tidings`);
  }
  // Lets a file shrink when its bounds do; it has to be said before there is anything in it.
  if (isNew) db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA journal_mode = WAL");
  db.run(`PRAGMA synchronous = ${sync}`);
  db.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.run(`PRAGMA journal_size_limit = ${LARGEST_WAL}`);
  migrate(db, version);
  const { quick_check: found } = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get() ?? {};
  if (found !== "ok") throw new StoreFileError(`${path} is damaged: ${found?.replaceAll("\n", " ")}`);
}

function migrate(db: Database, from: number): void {
  // Even with nothing to do it shows whether the file can be written to.
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(from)) db.run(step);
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
  }).exclusive();
}

function pragma(db: Database, name: string): number {
  return db.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0;
}

function reasonOf({ code = "", message }: SQLiteError, path: string): string {
  if (/BUSY|LOCKED/.test(code)) return `${path} is in use by another hub`;
  if (/NOTADB/.test(code)) return `${path} is not a store of Tidings`;
  if (/CORRUPT/.test(code)) return `${path} is damaged: ${message}`;
  const folder = dirname(path);
  if (!existsSync(folder)) return `${path} can't be made: there is no folder ${folder}`;
  if (/READONLY|CANTOPEN|PERM|AUTH/.test(code)) return `${path} can't be opened for writing: ${message}`;
  return `${path} can't be used as a store: ${message}`;
}
