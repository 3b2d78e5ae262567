import type { Database, Statement } from "bun:sqlite";
import { prefixOf } from "../../topics/topic.ts";
import type { Entry } from "../entry.ts";

/** As much of a topic is indexed, in characters: a longer one finds others that begin so too. */
const NAME_LENGTH = 64;
/** Stands for broadcasts, which are for every topic. No topic is called so. */
const EVERY = "";
/** So many positions share an entry of the index: a topic costs something only once in them. */
const SEGMENT_LENGTH = 1024;
/** So many segments are looked up at once. */
const LOOK_UP_LIMIT = 64;
/** With more patterns than this, or a prefix that finds more than this, the log is read from end to end. */
const MAX_PATTERNS = 64;
const MAX_PREFIX_ROWS = 2000;

/** Positions, both included, in which there may be something to find. */
export interface Segment {
  readonly from: number;
  readonly to: number;
}

/** In which parts of the log there are events on a topic. */
export class TopicIndex {
  readonly #insert: Statement<unknown, [string, number]>;
  readonly #delete: Statement<unknown, [number]>;
  readonly #exact: Statement<{ segment: number }, [string, number]>;
  readonly #count: Statement<{ count: number }, [string, string]>;
  readonly #prefix: Statement<{ segment: number }, [string, string, number]>;
  /** What is known to be in the index of the newest segment. */
  #segment = -1;
  readonly #names = new Set<string>();
  /** What was before this segment is dropped. */
  #dropped = -1;

  constructor(db: Database) {
    this.#insert = db.prepare("INSERT OR IGNORE INTO topic VALUES (?, ?)");
    this.#delete = db.prepare("DELETE FROM topic WHERE segment < ?");
    this.#exact = db.prepare(
      `SELECT segment FROM topic WHERE name = ? AND segment >= ? ORDER BY segment LIMIT ${LOOK_UP_LIMIT}`,
    );
    this.#count = db.prepare(
      `SELECT count(*) AS count FROM
        (SELECT 1 FROM topic WHERE name >= ? AND name < ? LIMIT ${MAX_PREFIX_ROWS + 1})`,
    );
    this.#prefix = db.prepare(
      `SELECT DISTINCT segment FROM topic WHERE name >= ? AND name < ? AND segment >= ?
        ORDER BY segment LIMIT ${LOOK_UP_LIMIT}`,
    );
  }

  add({ topics, position }: Entry): void {
    const segment = segmentOf(position);
    if (segment !== this.#segment) {
      this.#names.clear();
      this.#segment = segment;
    }
    if (topics.length === 0) this.#addName(EVERY, segment);
    else for (const topic of topics) this.#addName(nameOf(topic), segment);
  }

  #addName(name: string, segment: number): void {
    if (this.#names.has(name)) return;
    this.#insert.run(name, segment);
    this.#names.add(name);
  }

  /** Drops what was said of events before this position alone. */
  dropBefore(position: number): void {
    const segment = segmentOf(position);
    if (segment === this.#dropped) return;
    this.#delete.run(segment);
    this.#dropped = segment;
  }

  /** What was added may not be there: it was rolled back. */
  forget(): void {
    this.#segment = -1;
    this.#dropped = -1;
  }

  /**
   * Where there may be events for the patterns after a position, and how far that holds. Undefined
   * when it is as well to read everything.
   */
  find(
    patterns: readonly string[],
    after: number,
  ): { segments: readonly Segment[]; upTo: number } | undefined {
    if (patterns.length > MAX_PATTERNS) return undefined;
    const from = segmentOf(after + 1);
    const found = new Set<number>();
    let last = Number.POSITIVE_INFINITY;
    const take = (rows: readonly { segment: number }[]): void => {
      for (const { segment } of rows) found.add(segment);
      if (rows.length === LOOK_UP_LIMIT) last = Math.min(last, rows.at(-1)?.segment ?? last);
    };
    take(this.#exact.all(EVERY, from));
    for (const pattern of patterns) {
      const prefix = prefixOf(pattern);
      const name = nameOf(prefix ?? pattern);
      if (prefix === undefined || name.length === NAME_LENGTH) {
        take(this.#exact.all(name, from));
        continue;
      }
      const end = endOf(name);
      if (end === undefined || (this.#count.get(name, end)?.count ?? 0) > MAX_PREFIX_ROWS) return undefined;
      take(this.#prefix.all(name, end, from));
    }
    const segments = [...found].filter((segment) => segment <= last).sort((a, b) => a - b);
    return {
      segments: segments.map((segment) => ({
        from: segment * SEGMENT_LENGTH,
        to: (segment + 1) * SEGMENT_LENGTH - 1,
      })),
      upTo: (last + 1) * SEGMENT_LENGTH - 1,
    };
  }
}

/** The names in the index for an event. */
export function topicNamesOf({ topics }: Pick<Entry, "topics">): readonly string[] {
  return topics.length === 0 ? [EVERY] : topics.map(nameOf);
}

/** The segment that a position is in. */
export function segmentOf(position: number): number {
  return Math.floor(position / SEGMENT_LENGTH);
}

function nameOf(topic: string): string {
  // What cuts a character in two would not come back from the file as it went.
  return topic.length <= NAME_LENGTH ? topic : topic.slice(0, NAME_LENGTH).toWellFormed();
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
