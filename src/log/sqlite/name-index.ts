import type { Database, Statement } from "bun:sqlite";
import type { NamedDraft } from "../deduplication.ts";
import type { Entry } from "../entry.ts";
import { topicSet } from "../topic-set.ts";

/** So many events are looked at to find the one that is asked for. */
const MAX_SAME_KEY = 1000;
/** A key is this long: its first half is of the id, its second of the topics. In bytes. */
const KEY_BYTES = 16;
/** So many positions are dropped together: keys lie all over the index, and each costs a page. */
const DROPPED_TOGETHER = 1000;
/** So many sets of topics are known by their digests: events share them. */
const MAX_KNOWN_TOPICS = 256;

const NONE: readonly number[] = [];

/**
 * Where the events stand whose ids are their publishers', by 128 bits of SHA-256 of the id and of the
 * set of topics. What is found must be looked at: it may be another's by chance.
 */
export class NameIndex {
  readonly #insert: Statement<unknown, [number, Uint8Array]>;
  readonly #delete: Statement<unknown, [number]>;
  readonly #find: Statement<{ position: number }, [Uint8Array, number, number]>;
  readonly #locate: Statement<{ position: number }, [Uint8Array, Uint8Array, number, number]>;
  readonly #topics = new Map<string, Uint8Array>();
  #dropped = 0;
  /** The key that was asked for last: there is one for each event, and it is used at once. */
  readonly #key = new Uint8Array(KEY_BYTES);

  constructor(db: Database) {
    this.#insert = db.prepare("INSERT INTO name VALUES (?, ?)");
    this.#delete = db.prepare("DELETE FROM name WHERE position < ?");
    // To have these in order would take SQLite seven times as long.
    this.#find = db.prepare(
      `SELECT position FROM name WHERE key = ? AND position BETWEEN ? AND ? LIMIT ${MAX_SAME_KEY}`,
    );
    this.#locate = db.prepare(
      `SELECT position FROM name WHERE key BETWEEN ? AND ? AND position BETWEEN ? AND ?
        ORDER BY position LIMIT ${MAX_SAME_KEY}`,
    );
  }

  add(entry: Entry): void {
    this.#insert.run(entry.position, this.keyOf(entry));
  }

  /** Drops what stands before this position, now or with more that is to be dropped. */
  dropBefore(position: number): void {
    if (position < this.#dropped + DROPPED_TOGETHER) return;
    this.#delete.run(position);
    this.#dropped = position;
  }

  /** What was dropped may be there again: it was rolled back. */
  forget(): void {
    this.#dropped = 0;
  }

  /** The positions at which the id may stand on the same topics, among those from first to last. */
  find(draft: NamedDraft, first: number, last: number): readonly number[] {
    const found = this.#find.all(this.keyOf(draft), first, last);
    return found.length === 0 ? NONE : found.map(({ position }) => position);
  }

  /** The positions at which the id stands, whatever its topics, oldest first. */
  locate(id: string, first: number, last: number): readonly number[] {
    const [from, to] = [new Uint8Array(KEY_BYTES), new Uint8Array(KEY_BYTES).fill(255)];
    const half = halfOf(id);
    from.set(half);
    to.set(half);
    return this.#locate.all(from, to, first, last).map(({ position }) => position);
  }

  /** The key of an event, until the next one is asked for. */
  keyOf({ id, topics }: NamedDraft | Entry): Uint8Array {
    this.#key.set(halfOf(id));
    this.#key.set(this.#topicsHalf(topics), KEY_BYTES / 2);
    return this.#key;
  }

  #topicsHalf(topics: readonly string[]): Uint8Array {
    const text = JSON.stringify(topicSet(topics));
    const known = this.#topics.get(text);
    if (known) return known;
    const found = halfOf(text).slice();
    if (this.#topics.size >= MAX_KNOWN_TOPICS) this.#topics.clear();
    // Long ones would be more to keep than to count anew.
    if (text.length <= 200) this.#topics.set(text, found);
    return found;
  }
}

const digest = new Uint8Array(32);
const half = digest.subarray(0, KEY_BYTES / 2);

/** The first half of a digest, until the next one is asked for. */
function halfOf(text: string): Uint8Array {
  Bun.SHA256.hash(text, digest);
  return half;
}
