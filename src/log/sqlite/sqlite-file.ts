import { Database, SQLiteError } from "bun:sqlite";
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { MIGRATIONS } from "./migrations.ts";

/**
 * What an acknowledged event survives: `normal` the end of the process, however it comes; `full`
 * also that of the machine, at the price of waiting for the disk at every commit.
 */
export type Sync = "normal" | "full";

/** A file that can't be the store; the message says which, and why. */
export class StoreFileError extends Error {
  override readonly name = "StoreFileError";
  /** Whether the file is damaged, and opens with what is whole of it by {@link SqliteOptions.repair}. */
  readonly repairable: boolean;

  constructor(message: string, { cause, repairable = false }: ErrorOptions & { repairable?: boolean } = {}) {
    super(message, { cause });
    this.repairable = repairable;
  }
}

/** How a file is opened. */
export interface FileAccess {
  readonly sync: Sync;
  /**
   * - `alone`: no other process has it open.
   * - `before sharing`: the same, once those who read it beside the last one have gone.
   * - `shared`: others read it too.
   *
   * @defaultValue `alone`
   */
  readonly use?: "alone" | "before sharing" | "shared";
}

/** So long is waited for others who read the file, in ms. */
const READERS_MS = 2000;

/** SQLite keeps it in the file's header, so that a store is known from any other file: "TDNG". */
const APPLICATION_ID = 0x54_44_4e_47;
/** The file holds private events: it is its owner's alone, as are the log and the copies that come of it. */
const FILE_MODE = 0o600;
/** The write-ahead log is moved into the file when it has this many pages (of 4 KiB)… */
const CHECKPOINT_PAGES = 2000;
/** …and then cut back to this size, if a large batch has made it larger. In bytes. */
const MAX_WAL_BYTES = 16 * 1024 * 1024;

/**
 * Opens the file for this process alone, makes it if it is not there, and brings it to this version.
 *
 * @throws StoreFileError when it is something else, damaged, of a later version, in use, or can't
 * be written to.
 */
export function openStoreFile(path: string, { sync, use = "alone" }: FileAccess): Database {
  let db: Database | undefined;
  try {
    makePrivate(path);
    db = new Database(path, { create: true, readwrite: true, strict: true });
    prepare(db, path, { sync, use });
    return db;
  } catch (error) {
    db?.close(true);
    throw storeFileError(error, path);
  }
}

/** Opens a file to see what can be read of it, however damaged it is. */
export function openDamagedFile(path: string): Database {
  fillUp(path);
  const db = new Database(path, { readwrite: true, strict: true });
  db.run("PRAGMA locking_mode = EXCLUSIVE");
  return db;
}

/** Opens a store that another process has, to read it. @throws SQLiteError */
export function openToRead(path: string): Database {
  const db = new Database(path, { readonly: true, strict: true });
  db.run(`PRAGMA busy_timeout = ${READERS_MS}`);
  return db;
}

/** What SQLite throws while a file is opened, in words for whoever named it; other errors as they are. */
export function storeFileError(error: unknown, path: string): unknown {
  if (error instanceof StoreFileError) return error;
  if (error instanceof SQLiteError) return reasonOf(error, path);
  // A file of an earlier version has no checksums: it shows that it is damaged as it is read.
  if (error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError) {
    return damaged(path, error.message);
  }
  return error;
}

/** The one line that is said of a damaged file. */
export function damaged(path: string, what: string, cause?: unknown): StoreFileError {
  const found = what.replaceAll("\n", " ");
  const message = `${path} is damaged: ${found}. Put a backup in its place, or repair it to go on with what is whole`;
  return new StoreFileError(message, { cause, repairable: true });
}

function makePrivate(path: string): void {
  try {
    // SQLite gives the files beside it the same mode.
    if (!existsSync(path)) closeSync(openSync(path, "a", FILE_MODE));
    else if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, FILE_MODE);
  } catch {
    // One that is another user's, or can't be made: SQLite says what it thinks of it.
  }
}

function prepare(db: Database, path: string, { sync, use = "alone" }: FileAccess): void {
  // Those who read beside it, for a moment each.
  if (use !== "alone") db.run(`PRAGMA busy_timeout = ${READERS_MS}`);
  // The lock is taken with the first read, and kept.
  if (use !== "shared") db.run("PRAGMA locking_mode = EXCLUSIVE");
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
  db.run(`PRAGMA journal_size_limit = ${MAX_WAL_BYTES}`);
  db.run("PRAGMA secure_delete = FAST");
  if (!isNew && use !== "shared") {
    const { quick_check: found } = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get() ?? {};
    if (found !== "ok") throw damaged(path, found ?? "it can't be checked");
  }
  migrate(db, version);
}

function migrate(db: Database, from: number): void {
  // Even with nothing to do it shows whether the file can be written to.
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(from)) step(db);
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
  }).exclusive();
}

function pragma(db: Database, name: string): number {
  return db.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0;
}

function reasonOf(cause: SQLiteError, path: string): StoreFileError {
  const { code = "", message } = cause;
  const because = (text: string) => new StoreFileError(text, { cause });
  if (/BUSY|LOCKED/.test(code)) return because(`${path} is in use by another hub`);
  if (/NOTADB/.test(code)) return because(`${path} is not a store of Tidings`);
  const folder = dirname(path);
  if (!existsSync(folder)) return because(`${path} can't be made: there is no folder ${folder}`);
  if (/READONLY|CANTOPEN|PERM|AUTH/.test(code)) {
    return because(`${path} can't be opened for writing: ${message}`);
  }
  if (/FULL|IOERR(?!_SHORT_READ)|NOMEM/.test(code))
    return because(`${path} can't be used as a store: ${message}`);
  // Whatever else a store's own tables make SQLite say, they are not as they were made.
  return damaged(path, message, cause);
}

/**
 * Puts zeros where the end of a file is missing, as in a copy that broke off: SQLite reads nothing of a
 * file that is shorter than its header says (SQLite's file format, sections 1.3.2 and 1.3.7).
 */
function fillUp(path: string): void {
  const file = openSync(path, "r+");
  try {
    const header = Buffer.alloc(100);
    if (readSync(file, header, 0, header.length, 0) < header.length) return;
    const pageSize = header.readUInt16BE(16);
    const size = header.readUInt32BE(28) * (pageSize === 1 ? 65_536 : pageSize);
    if (fstatSync(file).size < size) ftruncateSync(file, size);
  } finally {
    closeSync(file);
  }
}
