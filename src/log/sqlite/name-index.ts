import type { Database, Statement } from "bun:sqlite";
import { placeText } from "../../protocol/place.ts";
import type { NamedDraft } from "../deduplication.ts";
import type { Entry } from "../entry.ts";
import { topicSet } from "../topic-set.ts";

/** So many events of one id are looked at to find the one that a reader may read. */
const MAX_SAME_ID = 1000;

/**
 * Where the events stand whose ids are their publishers', by 128 bits of SHA-256 of the id and of the
 * set of topics. Nobody can make ids that meet there.
 */
export class NameIndex {
  readonly #insert: Statement<unknown, [Uint8Array, Uint8Array, number]>;
  readonly #delete: Statement<unknown, [Uint8Array, Uint8Array, number]>;
  readonly #find: Statement<{ position: number }, [Uint8Array, Uint8Array, number, number]>;
  readonly #locate: Statement<{ position: number }, [Uint8Array, number, number]>;

  constructor(db: Database) {
    this.#insert = db.prepare("INSERT INTO name VALUES (?, ?, ?)");
    this.#delete = db.prepare("DELETE FROM name WHERE id = ? AND topics = ? AND position = ?");
    this.#find = db.prepare(
      `SELECT position FROM name WHERE id = ? AND topics = ? AND position BETWEEN ? AND ?
        ORDER BY position DESC LIMIT 1`,
    );
    this.#locate = db.prepare(
      `SELECT position FROM name WHERE id = ? AND position BETWEEN ? AND ?
        ORDER BY position LIMIT ${MAX_SAME_ID}`,
    );
  }

  add(entry: Entry): void {
    if (isNamed(entry)) this.#insert.run(...digestsOf(entry), entry.position);
  }

  remove(entry: Entry): void {
    if (isNamed(entry)) this.#delete.run(...digestsOf(entry), entry.position);
  }

  /** The position at which the id stands on the same topics, among those from first to last. */
  find(draft: NamedDraft, first: number, last: number): number | undefined {
    return this.#find.get(...digestsOf(draft), first, last)?.position;
  }

  /** The positions at which the id stands, whatever its topics, oldest first. */
  locate(id: string, first: number, last: number): readonly number[] {
    return this.#locate.all(digest(id), first, last).map(({ position }) => position);
  }
}

/** Whether its id is its publisher's: the others are their places. */
export function isNamed(entry: Entry): boolean {
  return entry.id !== placeText(entry);
}

/** The digests of an id and of its topics. */
export function digestsOf({ id, topics }: NamedDraft | Entry): [id: Uint8Array, topics: Uint8Array] {
  return [digest(id), digest(JSON.stringify(topicSet(topics)))];
}

function digest(text: string): Uint8Array {
  return (Bun.SHA256.hash(text) as Uint8Array).subarray(0, 16);
}
