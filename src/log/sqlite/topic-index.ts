import type { Database, Statement } from "bun:sqlite";
import { prefixOf } from "../../topics/topic.ts";
import type { Entry } from "../entry.ts";

/** As much of a topic is indexed, in characters: a longer one finds blocks of its likes too. */
const NAME_LENGTH = 64;
/** A block of more topics counts as one that has every topic. */
const MAX_NAMES = 256;
/** Stands for a block with a broadcast, which is for every topic. No topic is called so. */
const EVERY = "";
/** So many blocks are looked up at once. */
const LOOK_UP_LIMIT = 64;
/** With more patterns than this, or a prefix that finds more than this, blocks are read one after the other. */
const MAX_PATTERNS = 64;
const MAX_PREFIX_ROWS = 2000;

/** Which blocks have events on a topic. */
export class TopicIndex {
  readonly #insert: Statement<unknown, [string, number]>;
  readonly #delete: Statement<unknown, [string, number]>;
  readonly #exact: Statement<{ last: number }, [string, number]>;
  readonly #count: Statement<{ count: number }, [string, string]>;
  readonly #prefix: Statement<{ last: number }, [string, string, number]>;

  constructor(db: Database) {
    this.#insert = db.prepare("INSERT INTO topic VALUES (?, ?)");
    this.#delete = db.prepare("DELETE FROM topic WHERE name = ? AND last = ?");
    this.#exact = db.prepare(
      `SELECT last FROM topic WHERE name = ? AND last > ? ORDER BY last LIMIT ${LOOK_UP_LIMIT}`,
    );
    this.#count = db.prepare(
      `SELECT count(*) AS count FROM
        (SELECT 1 FROM topic WHERE name >= ? AND name < ? LIMIT ${MAX_PREFIX_ROWS + 1})`,
    );
    this.#prefix = db.prepare(
      `SELECT DISTINCT last FROM topic WHERE name >= ? AND name < ? AND last > ?
        ORDER BY last LIMIT ${LOOK_UP_LIMIT}`,
    );
  }

  add(entries: readonly Entry[], last: number): void {
    for (const name of namesOf(entries)) this.#insert.run(name, last);
  }

  remove(entries: readonly Entry[], last: number): void {
    for (const name of namesOf(entries)) this.#delete.run(name, last);
  }

  /**
   * The next blocks after a position that may have events for the patterns, by their last positions,
   * and how far that holds. Undefined when it is as well to read all blocks.
   */
  find(patterns: readonly string[], after: number): { blocks: readonly number[]; upTo: number } | undefined {
    if (patterns.length > MAX_PATTERNS) return undefined;
    const blocks = new Set<number>();
    let upTo = Number.POSITIVE_INFINITY;
    const take = (rows: readonly { last: number }[]): void => {
      for (const { last } of rows) blocks.add(last);
      if (rows.length === LOOK_UP_LIMIT) upTo = Math.min(upTo, rows.at(-1)?.last ?? upTo);
    };
    take(this.#exact.all(EVERY, after));
    for (const pattern of patterns) {
      const name = (prefixOf(pattern) ?? pattern).slice(0, NAME_LENGTH);
      if (prefixOf(pattern) === undefined || name.length === NAME_LENGTH) {
        take(this.#exact.all(name, after));
        continue;
      }
      const end = endOf(name);
      if (end === undefined) return undefined;
      if ((this.#count.get(name, end)?.count ?? 0) > MAX_PREFIX_ROWS) return undefined;
      take(this.#prefix.all(name, end, after));
    }
    return { blocks: [...blocks].filter((last) => last <= upTo).sort((a, b) => a - b), upTo };
  }
}

/** The names under which a block of these events is found. */
export function namesOf(entries: readonly Entry[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { topics } of entries) {
    if (topics.length === 0) names.add(EVERY);
    for (const topic of topics) names.add(topic.slice(0, NAME_LENGTH));
    if (names.size > MAX_NAMES) return new Set([EVERY]);
  }
  return names;
}

/** The first name that comes after all that begin with the prefix, in the order of UTF-8; undefined for none. */
function endOf(prefix: string): string | undefined {
  const points = [...prefix].map((character) => character.codePointAt(0) ?? 0);
  for (let point = points.pop(); point !== undefined; point = points.pop()) {
    // After the last before the surrogates, which have no UTF-8, comes the first behind them.
    const next = point === 0xd7ff ? 0xe000 : point + 1;
    if (next <= 0x10ffff) return String.fromCodePoint(...points, next);
  }
  return undefined;
}
