import type { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import type { CurrentValue } from "../current-values.ts";
import type { TopicEnd } from "../ended-topics.ts";
import type { Entry } from "../entry.ts";
import type { Life } from "../lives.ts";
import { Blocks } from "./blocks.ts";
import type { Range } from "./check.ts";
import { CurrentTable } from "./current-table.ts";
import { EndedTable } from "./ended-table.ts";
import { openStoreFile } from "./sqlite-file.ts";

/** So many blocks are given to the system together. */
const BLOCKS_AT_ONCE = 32;

/** Where the log that a file is a copy of stands. */
export interface LogState {
  readonly head: number;
  readonly lives: readonly Life[];
  readonly current: readonly CurrentValue[];
  readonly ended: readonly TopicEnd[];
}

/** Writes a new store file with entries that have their places already. */
export class FileWriter {
  readonly path: string;
  readonly #db: Database;
  readonly #blocks: Blocks;
  #first: number | undefined;
  #next: number | undefined;
  /** Blocks that the system has yet to be given. */
  #unwritten = 0;
  readonly #erased = new Set<number>();

  /** @throws StoreFileError when the file can't be made. A file that is there is replaced. */
  constructor(path: string) {
    this.path = path;
    removeFile(path);
    this.#db = openStoreFile(path, { sync: "normal" });
    // The file counts only when it is complete, so nothing of it needs to be undone.
    this.#db.run("PRAGMA journal_mode = OFF");
    this.#db.run("PRAGMA synchronous = OFF");
    this.#blocks = new Blocks(this.#db);
    this.#db.run("BEGIN IMMEDIATE");
  }

  /** Adds the next entries, a block a step. What lies between them and those before is missing. */
  *add(entries: readonly Entry[]): Generator<void, void, void> {
    const [first] = entries;
    const last = entries.at(-1);
    if (!first || !last) return;
    if (this.#next !== undefined) this.#addMissing({ from: this.#next, to: first.position - 1 });
    this.#first ??= first.position;
    for (const _ of this.#blocks.add(entries)) {
      this.#writeOut();
      yield;
    }
    // They may have been read before that, and were added after it.
    for (const position of this.#erased) if (position >= first.position) this.#blocks.erase(position);
    this.#next = last.position + 1;
  }

  /** The file does not get the data of the event at a position, or loses it. */
  erase(position: number): void {
    this.#erased.add(position);
    this.#db.run("PRAGMA secure_delete = ON");
    this.#blocks.erase(position);
  }

  /** Ends the file: it can be opened as a store. */
  finish({ head, lives, current, ended }: LogState): void {
    if (this.#next !== undefined) this.#addMissing({ from: this.#next, to: head });
    this.#db.query("UPDATE log SET head = ?, first = ?").run(head, this.#first ?? head + 1);
    const addLife = this.#db.prepare("INSERT INTO life (word, first) VALUES (?, ?)");
    for (const { word, first } of lives) addLife.run(word, first);
    addLife.finalize();
    const kept = current.filter(({ entry }) => !this.#erased.has(entry.position));
    new CurrentTable(this.#db).write(new Map(kept.map((value) => [value.entry.position, value])));
    new EndedTable(this.#db).write(new Map(ended.map((end) => [end.topic, end])));
    this.#db.run("COMMIT");
    this.#db.close(true);
  }

  /** Removes what was written. */
  abandon(): void {
    this.#db.close(true);
    removeFile(this.path);
  }

  /** Gives what was added to the system now and then, a little at a time: at the end it would take long. */
  #writeOut(): void {
    if (++this.#unwritten < BLOCKS_AT_ONCE) return;
    this.#unwritten = 0;
    this.#db.run("COMMIT");
    this.#db.run("BEGIN IMMEDIATE");
  }

  #addMissing({ from, to }: Range): void {
    if (from <= to) this.#db.query("INSERT INTO missing (first, last) VALUES (?, ?)").run(from, to);
  }
}

/** Removes a store file, with what SQLite has beside it. */
function removeFile(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
}
