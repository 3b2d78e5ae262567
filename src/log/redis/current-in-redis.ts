import { DEFAULT_TYPE } from "../../protocol/frame.ts";
import type { CurrentBounds, CurrentValue } from "../current-values.ts";
import type { Entry } from "../entry.ts";
import { MirroredValues } from "../mirrored-values.ts";
import type { StoredValue } from "./call-answers.ts";
import type { Commands } from "./commands.ts";
import { RedisAway } from "./connection.ts";
import { entriesOf } from "./content.ts";
import type { Block, Counts } from "./engine.ts";
import { clearedValues, valueKey } from "./names.ts";
import type { RedisEngine } from "./redis-engine.ts";

/** The values of so many keys are read at once. */
const LIMIT = 256;

/**
 * The current values of a log in Redis, as a node knows them. Redis has them, and keeps them in the script that
 * appends. A node reads them when it comes into a life, or has missed a stretch of the log; then it follows.
 */
export class CurrentInRedis {
  readonly values: MirroredValues;
  /** What events up to here have set was in Redis when the values were read. */
  #readUpTo = 0;

  constructor(bounds: CurrentBounds) {
    this.values = new MirroredValues(bounds);
  }

  /**
   * Reads the values up to a position, and forgets all others. What has replaced one meanwhile follows.
   *
   * @throws RedisAway when the log is in a recovery.
   */
  async read(engine: RedisEngine, commands: Commands, upTo: number): Promise<void> {
    const found: StoredValue[] = [];
    for (let after = 0; after < upTo; ) {
      const values = await engine.values(commands, after, upTo, LIMIT);
      if (!values) throw new RedisAway("the nodes put back what Redis has lost");
      const last = values.at(-1)?.last;
      if (last === undefined) break;
      found.push(...values);
      // The limit may have cut one off.
      after = values.length < LIMIT || last === values[0]?.last ? last : last - 1;
    }
    this.values.load(currentValuesOf(found));
    this.#readUpTo = upTo;
  }

  /** Takes what the log has gone on by. Returns the type and topic of the value that it clears, if it does. */
  took(block: Block, entries: readonly Entry[]): { type: string; topic: string | undefined } | undefined {
    if (block.current === "" || block.last <= this.#readUpTo) return undefined;
    this.values.keep(entries);
    const [entry] = entries;
    const cleared = clearedValues(block.current);
    if (!entry || cleared.size === 0) return undefined;
    if (entry.type === undefined) {
      this.#unset(entry, cleared);
      return undefined;
    }
    const [topic] = entry.topics;
    this.values.clear(entry.type, topic);
    return { type: entry.type, topic };
  }

  /** The event that had set these keys was erased before this node has followed it: what it replaced is no value. */
  #unset(erased: Entry, keys: ReadonlySet<string>): void {
    const all = this.values.read(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).values;
    for (const { entry, topics } of all) {
      const { type = DEFAULT_TYPE } = entry;
      for (const topic of keyTopics(topics)) {
        if (keyTopics(erased.topics).includes(topic) && keys.has(valueKey(type, topic))) {
          this.values.clear(type, topic);
        }
      }
    }
  }

  heard({ floor, dropped }: Counts): void {
    this.values.dropBefore(floor, dropped);
  }
}

/** The events of the values, each with the topics that it is current on. */
function currentValuesOf(found: readonly StoredValue[]): CurrentValue[] {
  const keys = new Map<number, Set<string>>();
  const events = new Map<number, Entry>();
  for (const { key, ...place } of found) {
    const known = keys.get(place.last);
    if (known) {
      known.add(key);
      continue;
    }
    const entry = entryOf(place);
    if (!entry) continue;
    keys.set(place.last, new Set([key]));
    events.set(place.last, entry);
  }
  return [...events].flatMap(([position, entry]) => {
    const { type = DEFAULT_TYPE, topics } = entry;
    const mine = keys.get(position);
    if (topics.length === 0) return [{ entry, topics }];
    return [{ entry, topics: topics.filter((topic) => mine?.has(valueKey(type, topic))) }];
  });
}

/** Undefined stands for no topic. */
function keyTopics(topics: readonly string[]): readonly (string | undefined)[] {
  return topics.length > 0 ? topics : [undefined];
}

/** The event of a value; undefined when it can't be read. */
function entryOf(place: Omit<StoredValue, "key">): Entry | undefined {
  try {
    return entriesOf(place)[0];
  } catch {
    return undefined;
  }
}
