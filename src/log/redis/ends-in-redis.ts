import { type EndedReader, EndedTopics, type TopicEnd } from "../ended-topics.ts";
import type { StoredEnd } from "./call-answers.ts";
import type { Commands } from "./commands.ts";
import { RedisAway } from "./connection.ts";
import type { Block, Counts } from "./engine.ts";
import { endedBy, endedTopicOf, openedBy } from "./names.ts";
import type { RedisEngine } from "./redis-engine.ts";

/** So many ends are read at once. */
const LIMIT = 1000;

/**
 * The ended topics of a log in Redis, as a node knows them. Redis has them, and keeps them in the script that
 * appends. A node reads them when it comes into a life, or has missed a stretch of the log; then it follows.
 */
export class EndsInRedis implements EndedReader {
  readonly most: number;
  dropped = 0;
  /** Redis drops those past the bound. */
  readonly #ends = new EndedTopics(Number.POSITIVE_INFINITY);
  /** What came up to here was in Redis when the ends were read. */
  #readUpTo = 0;

  constructor(most: number) {
    this.most = most;
  }

  get count(): number {
    return this.#ends.count;
  }

  get(topic: string): TopicEnd | undefined {
    return this.#ends.get(topic);
  }

  all(): readonly TopicEnd[] {
    return this.#ends.all();
  }

  /**
   * Reads the ends up to a position, and forgets all others. What has changed meanwhile follows.
   *
   * @throws RedisAway when the log is in a recovery.
   */
  async read(engine: RedisEngine, commands: Commands, upTo: number): Promise<void> {
    const found = new Map<string, StoredEnd>();
    for (let after = 0; after < upTo; ) {
      const ends = await engine.ends(commands, after, upTo, LIMIT);
      if (!ends) throw new RedisAway("the nodes put back what Redis has lost");
      for (const end of ends) found.set(end.key, end);
      const last = ends.at(-1)?.position;
      if (last === undefined || ends.length < LIMIT) break;
      // The limit may have cut some of an event off.
      after = last === ends[0]?.position ? last : last - 1;
    }
    this.#ends.load([...found.values()].map(({ key, ...end }) => ({ topic: endedTopicOf(key), ...end })));
    this.#readUpTo = upTo;
  }

  /** Takes what the log has gone on by; also a block whose event is damaged, since its topics have ended. */
  took({ current, last }: Block): void {
    if (current === "" || last <= this.#readUpTo) return;
    this.#ends.add(endedBy(current).map((end) => ({ ...end, position: last })));
    for (const topic of openedBy(current)) this.#ends.open(topic);
  }

  heard({ endsFloor, endsDropped }: Counts): void {
    this.dropped = endsDropped;
    this.#ends.dropBefore(endsFloor);
  }
}
