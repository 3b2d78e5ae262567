import { newWord } from "../../protocol/place.ts";
import { isWhole } from "../block.ts";
import { type CurrentBounds, type CurrentReader, DEFAULT_CURRENT_BOUNDS } from "../current-values.ts";
import { DEFAULT_ENDED_TOPICS, type EndedReader } from "../ended-topics.ts";
import { Backups } from "../sqlite/backup.ts";
import {
  type Batch,
  type Bounds,
  DEFAULT_BOUNDS,
  type EngineStatus,
  type Follower,
  type LogStart,
  type MayRead,
  type Receipt,
  type Refusal,
  type Store,
  StoreFailure,
  type Stretch,
} from "../store.ts";
import { parseRedisAddress } from "./address.ts";
import { Appending } from "./appending.ts";
import { RedisAway } from "./connection.ts";
import { clearing, opening, withoutEvent } from "./content.ts";
import { ControlStream } from "./control-stream.ts";
import { CurrentInRedis } from "./current-in-redis.ts";
import { EndsInRedis } from "./ends-in-redis.ts";
import type { EngineBounds } from "./engine.ts";
import { Erasing } from "./erasing.ts";
import { controlKeyOf, keysOf, movedKeyOf } from "./keys.ts";
import { LogView } from "./log-view.ts";
import { Member } from "./member.ts";
import { Reading } from "./reading.ts";
import { RedisEngine } from "./redis-engine.ts";
import { Session } from "./session.ts";

/** A node can put back at least the newest events of this size, and reads them without Redis. */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** What is past the bounds stays in Redis for nodes that are about to follow it, up to this size. */
const SPARE_BYTES = 1024 * 1024;

/** How a log in Redis is kept. */
export interface RedisStoreOptions {
  /** How much history; all nodes of a hub should name the same. */
  readonly bounds?: Partial<Bounds>;
  /**
   * How many replicas must have an event before its publisher is answered.
   *
   * @defaultValue 0
   */
  readonly replicas?: number;
  /**
   * The bounds of the current values; all nodes of a hub should name the same.
   *
   * @defaultValue 10,000 values and 64 MiB
   */
  readonly currentBounds?: Partial<CurrentBounds>;
  /**
   * How many ended topics are remembered; all nodes of a hub should name the same.
   *
   * @defaultValue 10,000
   */
  readonly endedTopics?: number;
}

/** A log in Redis, which many nodes share, each with a store of its own. */
export class RedisStore implements Store {
  /** `redis` */
  readonly name = "redis";
  /** How much history it keeps. */
  readonly bounds: Bounds;
  /** On how many topics the events of one batch may become current or end: Redis does nothing else meanwhile. */
  readonly maxLasting = 500;
  /** Readers are served from memory while Redis is away. */
  readonly servesWhileFailing = true;
  readonly #engineBounds: EngineBounds;
  readonly #engine: RedisEngine;
  readonly #member = new Member(newWord(), WINDOW_BYTES, { isWhole, withoutEvent });
  readonly #view: LogView;
  /** Resolves when a later version wrote something that this one does not know: it reads no further. @internal */
  readonly outdated: Promise<string>;
  /** What the nodes of the hub tell each other. @internal */
  readonly control: ControlStream;
  readonly #backups = new Backups();
  readonly #session: Session;
  readonly #reading: Reading;
  readonly #appending: Appending;
  readonly #erasing: Erasing;

  /**
   * Opens a log in Redis; it connects when it is followed.
   *
   * @param url `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` with TLS, or
   * `redis+sentinel://HOST,HOST,…/MASTER[/DATABASE]`. Parameters: `prefix` names the hub, `ca` a file with
   * certificates, `password_file` a file with the password.
   * @throws RedisAddressError
   */
  constructor(
    url: string,
    { bounds = {}, replicas = 0, currentBounds, endedTopics = DEFAULT_ENDED_TOPICS }: RedisStoreOptions = {},
  ) {
    this.bounds = { ...DEFAULT_BOUNDS, ...bounds };
    const current = new CurrentInRedis({ ...DEFAULT_CURRENT_BOUNDS, ...currentBounds });
    const ended = new EndsInRedis(endedTopics);
    const { values, bytes: valueBytes } = current.values.bounds;
    this.#engineBounds = { ...this.bounds, spare: SPARE_BYTES, values, valueBytes, ends: endedTopics };
    const address = parseRedisAddress(url);
    const { prefix } = address;
    const member = this.#member;
    const outdated = Promise.withResolvers<string>();
    this.outdated = outdated.promise;
    this.#engine = new RedisEngine(prefix);
    const view = new LogView(member, this.bounds.events, current, ended);
    this.#view = view;
    view.onErased = (position) => this.#backups.erase(position);
    this.control = new ControlStream(controlKeyOf(prefix), () => session.commands);
    const session = new Session({
      ...{ address, engine: this.#engine, member, replicas, control: this.control },
      ...{ log: keysOf(prefix)[0] ?? "", moved: movedKeyOf(prefix) },
      readCurrent: async (commands, upTo) => {
        await current.read(this.#engine, commands, upTo);
        await ended.read(this.#engine, commands, upTo);
      },
      heard: (answer) => view.heard(answer),
      took: (units) => view.took(units),
      away: (reason) => this.#away(reason),
      outdated: (reason) => outdated.resolve(reason),
      warn: (message) => view.follower?.warned(message),
      note: (message) => view.follower?.noted(message),
    });
    this.#session = session;
    const reading = new Reading(this.#engine, session, member, view, prefix);
    this.#reading = reading;
    this.#appending = new Appending({
      ...{ session, member, view, reading, bounds: this.#engineBounds, replicas },
      write: () => this.#trim(),
    });
    this.#erasing = new Erasing({ member, view, reading, appending: this.#appending });
  }

  /** Whether something is to be erased again. */
  get needsUpkeep(): boolean {
    return this.#erasing.isDue;
  }

  /** How many events are held, as last heard. */
  get count(): number {
    return this.#view.counts.count;
  }

  /** What they take in Redis, in bytes, roughly. */
  get bytes(): number {
    return this.#view.counts.bytes;
  }

  /** The position of the oldest event that is held; undefined when none is. */
  get earliest(): number | undefined {
    return this.#view.counts.count > 0 ? this.#view.counts.first : undefined;
  }

  /** The current values. */
  get current(): CurrentReader {
    return this.#view.current.values;
  }

  /** The topics that have ended. */
  get ended(): EndedReader {
    return this.#view.ended;
  }

  /** How Redis is doing. */
  get engine(): EngineStatus {
    const { lives, head, name } = this.#member;
    const newest = lives.at(-1);
    return {
      ...{ state: this.#session.state, reason: this.#session.reason, host: this.#session.host, node: name },
      life: newest && { number: newest.number, word: newest.word },
      lag: Math.max(0, this.#session.engineHead - head),
      ...{ appendMs: this.#appending.lastMs, putBack: this.#session.putBack, lost: this.#view.lost },
      durability: this.#session.durability,
    };
  }

  /**
   * Resolves when this node has followed the log up to where it stood.
   *
   * @throws RedisAway when Redis can't be used; it goes on trying.
   */
  async follow(follower: Follower): Promise<LogStart> {
    this.#view.follower = follower;
    const start = await this.#session.start();
    const isThere = (): boolean => this.#member.head >= Math.min(start, this.#session.engineHead);
    await this.#view.changes.until(() => isThere() || this.#session.state === "away");
    if (!isThere()) throw new RedisAway(this.#session.reason ?? "Redis is away");
    this.#view.isTold = true;
    const { lives, head } = this.#member;
    return { head, lives: lives.map(({ word, first }) => ({ word, first })) };
  }

  /**
   * Keeps the events of each batch.
   *
   * @throws RedisAway when nothing was kept; OutcomeUnknown.
   */
  async append(batches: readonly Batch[]): Promise<readonly (readonly Receipt[] | Refusal)[]> {
    if (this.needsUpkeep) await this.#erasing.eraseAgain();
    return this.#appending.append(batches);
  }

  /**
   * Clears a current value, at all nodes.
   *
   * @throws RedisAway when nothing has changed; OutcomeUnknown.
   */
  async clearCurrent(type: string, topic: string | undefined): Promise<boolean> {
    await this.#reading.comeToHead();
    if (!this.#view.current.values.get(type, topic)) return false;
    await this.#appending.appendBlock(clearing(type, topic));
    return true;
  }

  /**
   * Opens a topic that has ended, at all nodes.
   *
   * @throws RedisAway when nothing has changed; OutcomeUnknown.
   */
  async openTopic(topic: string): Promise<boolean> {
    await this.#reading.comeToHead();
    if (!this.#view.ended.get(topic)) return false;
    await this.#appending.appendBlock(opening(topic));
    return true;
  }

  /**
   * Erases the data of the event at a position, in Redis and at all nodes. False if it is not held.
   *
   * @throws RedisAway when nothing has changed; OutcomeUnknown.
   */
  erase(position: number): Promise<boolean> {
    return this.#erasing.erase(position);
  }

  /** Lets go of what is past the bounds. @throws RedisAway */
  async trim(): Promise<void> {
    if (this.needsUpkeep) await this.#erasing.eraseAgain();
    await this.#trim();
    await this.#appending.lookForReplicas();
  }

  async #trim(): Promise<void> {
    const counts = await this.#engine.trim(this.#session.commands, this.#engineBounds);
    if (!counts) throw new RedisAway("the nodes put back what Redis has lost");
    this.#view.setCounts(counts);
  }

  /**
   * The position of a cursor.
   *
   * @throws RedisAway when only Redis can know, and is away.
   */
  locate(cursor: string, mayRead: MayRead): Promise<number | undefined> {
    return this.#reading.locate(cursor, mayRead);
  }

  /**
   * The next events after the position, from memory or from Redis.
   *
   * @throws RedisAway when Redis is away, and they are not in memory.
   */
  read(after: number, limit: number): Promise<Stretch> {
    return this.#reading.read(after, limit);
  }

  /**
   * Writes a consistent copy to a new SQLite file, of the log as it is when the copy begins. It is read in
   * parts, while all nodes go on.
   *
   * @throws StoreFailure when Redis is away, or has lost its newest events meanwhile.
   */
  async backup(path: string): Promise<void> {
    try {
      await this.#copyTo(path);
    } catch (error) {
      throw error instanceof RedisAway ? new StoreFailure(error) : error;
    }
  }

  /** Ends its connections. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  async #copyTo(path: string): Promise<void> {
    await this.#reading.comeToHead();
    const { word, head, lives } = this.#member;
    await this.#backups.gather(path, {
      ...{ after: this.#view.first - 1, head, ended: this.ended.all() },
      lives: lives.map(({ word, first }) => ({ word, first })),
      current: this.current.read(0, head, Number.POSITIVE_INFINITY).values,
      isSame: () => this.#member.word === word,
      read: (after, limit) => this.#reading.read(after, limit),
    });
  }

  #away(reason: string): void {
    const { pending } = this.#member;
    if (pending) pending.sent = false;
    this.#view.away(reason);
  }
}
