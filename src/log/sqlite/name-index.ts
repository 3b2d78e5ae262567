import type { Database, Statement } from "bun:sqlite";
import type { NamedDraft } from "../deduplication.ts";
import type { Entry } from "../entry.ts";
import { topicSet } from "../topic-set.ts";

/** So many events of one id are looked at to find the one that a reader may read. */
const MAX_SAME_ID = 1000;
/** A key is this long: its first half is of the id, its second of the topics. In bytes. */
const KEY_BYTES = 16;
/** So many sets of topics are known by their digests: events share them. */
const MAX_KNOWN_TOPICS = 256;

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

  constructor(db: Database) {
    this.#insert = db.prepare("INSERT INTO name VALUES (?, ?)");
    this.#delete = db.prepare("DELETE FROM name WHERE position < ?");
    this.#find = db.prepare(
      "SELECT position FROM name WHERE key = ? AND position BETWEEN ? AND ? ORDER BY position DESC LIMIT 1",
    );
    this.#locate = db.prepare(
      `SELECT position FROM name WHERE key BETWEEN ? AND ? AND position BETWEEN ? AND ?
        ORDER BY position LIMIT ${MAX_SAME_ID}`,
    );
  }

  add(entry: Entry): void {
    this.#insert.run(entry.position, this.keyOf(entry));
  }

  dropBefore(position: number): void {
    this.#delete.run(position);
  }

  /** The newest position at which the id stands on the same topics, among those from first to last. */
  find(draft: NamedDraft, first: number, last: number): number | undefined {
    return this.#find.get(this.keyOf(draft), first, last)?.position;
  }

  /** The positions at which the id stands, whatever its topics, oldest first. */
  locate(id: string, first: number, last: number): readonly number[] {
    const [from, to] = [new Uint8Array(KEY_BYTES), new Uint8Array(KEY_BYTES).fill(255)];
    const half = halfOf(id);
    from.set(half);
    to.set(half);
    return this.#locate.all(from, to, first, last).map(({ position }) => position);
  }

  keyOf({ id, topics }: NamedDraft | Entry): Uint8Array {
    const key = new Uint8Array(KEY_BYTES);
    key.set(halfOf(id));
    key.set(this.#topicsHalf(topics), KEY_BYTES / 2);
    return key;
  }

  #topicsHalf(topics: readonly string[]): Uint8Array {
    const text = JSON.stringify(topicSet(topics));
    const known = this.#topics.get(text);
    if (known) return known;
    const half = halfOf(text);
    if (this.#topics.size >= MAX_KNOWN_TOPICS) this.#topics.clear();
    // Long ones would be more to keep than to count anew.
    if (text.length <= 200) this.#topics.set(text, half);
    return half;
  }
}

function halfOf(text: string): Uint8Array {
  return (Bun.SHA256.hash(text) as Uint8Array).subarray(0, KEY_BYTES / 2);
}
