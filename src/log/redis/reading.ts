import { parsePlace } from "../../protocol/place.ts";
import type { Entry } from "../entry.ts";
import type { MayRead, Stretch } from "../store.ts";
import { UnexpectedReply } from "./commands.ts";
import { COMMAND_DEADLINE_MS, RedisAway } from "./connection.ts";
import type { Block } from "./engine.ts";
import { keysOf, movedKeyOf } from "./keys.ts";
import type { LogView } from "./log-view.ts";
import type { Member } from "./member.ts";
import { idDigest, positionsOf } from "./names.ts";
import { ReadCount } from "./read-count.ts";
import type { RedisEngine } from "./redis-engine.ts";
import type { Session } from "./session.ts";
import { entriesOfReply, movedEntriesOf, type StreamEntry } from "./stream-entries.ts";

/** How many blocks are read at once, unless they are large. */
const READ_BLOCKS = 8;
/** How many ids are looked up at once. */
const NAMES = 256;
/** How many events of one id are looked at to find one that a reader may read. */
const MAX_LOCATED = 64;

/** Finds and reads events: in memory where they are there, or else in Redis. */
export class Reading {
  readonly #engine: RedisEngine;
  readonly #session: Session;
  readonly #member: Member;
  readonly #view: LogView;
  readonly #keys: readonly string[];
  readonly #moved: string;
  readonly #count = new ReadCount(READ_BLOCKS);

  constructor(engine: RedisEngine, session: Session, member: Member, view: LogView, prefix: string) {
    this.#engine = engine;
    this.#session = session;
    this.#member = member;
    this.#view = view;
    this.#keys = keysOf(prefix);
    this.#moved = movedKeyOf(prefix);
  }

  /**
   * The position of a cursor.
   *
   * @throws RedisAway when only Redis can know, and is away.
   */
  async locate(cursor: string, mayRead: MayRead): Promise<number | undefined> {
    const place = parsePlace(cursor);
    if (!place) return this.#locateId(cursor, mayRead);
    const life = (): number => this.#member.lives.findIndex(({ word }) => word === place.word);
    // Another node may know a life, or a position, that this one is about to hear of.
    if (life() < 0) await this.#session.inStep();
    const { lives } = this.#member;
    const known = lives[life()];
    if (!known) return undefined;
    const next = lives[life() + 1];
    const position = place.position === 0 ? known.first - 1 : place.position;
    if (position < known.first - 1 || (next && position >= next.first)) return undefined;
    if (position > this.#member.head) {
      const heard = await this.#session.inStep();
      if (position > heard) return undefined;
      await this.#comeTo(position);
      if (this.#member.lives !== lives) return this.locate(cursor, mayRead);
    }
    return position + 1 >= this.#view.first ? position : undefined;
  }

  /**
   * The next events after the position, from memory or from Redis.
   *
   * @throws RedisAway when Redis is away, and they are not in memory.
   */
  async read(after: number, limit: number): Promise<Stretch> {
    const { erasures } = this.#view;
    const from = Math.max(after, this.#view.first - 1);
    if (from >= this.#view.recentAfter) {
      const entries = this.#view.recent.read(from, limit);
      return stretchOf(after, entries, from);
    }
    const { word } = this.#member;
    const entries: Entry[] = [];
    let upTo = from;
    const count = Math.min(this.#count.next, limit);
    let blocks = await this.#readBlocks(from, count);
    if (!blocks[0] || blocks[0].last - blocks[0].count > from) {
      // What is missing may be about to be put back.
      await this.#session.inStep();
      blocks = await this.#readBlocks(from, count);
    }
    this.#count.read(blocks);
    // What a recovery has changed meanwhile is read again.
    if (word !== this.#member.word) return { entries: [], upTo: after };
    // What was read may have been erased meanwhile.
    if (erasures !== this.#view.erasures) return this.read(after, limit);
    for (const block of blocks) {
      if (!this.#member.isOn(block)) throw new RedisAway("the log is about to change");
      const first = block.last - block.count + 1;
      // What is missing after these is told with what comes then.
      if (entries.length > 0 && first > upTo + 1) break;
      const decoded = this.#view.decode(block);
      if (entries.length > 0 && decoded.length === 0) break;
      upTo = block.last;
      for (const entry of decoded) {
        if (entry.position > from && entries.length < limit) entries.push(entry);
      }
    }
    // Nothing that is held comes any more, or what comes is damaged.
    if (entries.length === 0) return stretchOf(after, [], blocks.length === 0 ? this.#member.head : upTo);
    return stretchOf(after, entries, from);
  }

  /** The event at a position. */
  async entryAt(position: number): Promise<Entry | undefined> {
    if (position < this.#view.first) return undefined;
    if (position > this.#view.recentAfter) {
      const recent = this.#view.recent.at(position);
      if (recent) return recent;
    }
    const { erasures } = this.#view;
    const blocks = await this.#readBlocks(position - 1, 1);
    if (erasures !== this.#view.erasures) return this.entryAt(position);
    return blocks.flatMap((block) => this.#view.decode(block)).find((entry) => entry.position === position);
  }

  /** The block with the event at a position, if Redis has it, as it is there. */
  blockAt(position: number): Promise<Block | undefined> {
    return this.#engine.blockAt(this.#session.commands, position);
  }

  /** The positions of the events that are held under these names; of those alone that there are. */
  async heldUnder(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const held = new Map<string, number>();
    for (let i = 0; i < names.length; i += NAMES) {
      const part = names.slice(i, i + NAMES).map((name) => name.split("."));
      const reply = await this.#placesOf(part.map(([id = ""]) => id));
      for (const [j, [id = "", topics = ""]] of part.entries()) {
        const pairs = reply[j]?.split(" ") ?? [];
        const mine = positionsOf(pairs.filter((pair) => pair.startsWith(`${topics}:`)).join(" "));
        const position = mine.find((each) => each >= this.#view.first);
        if (position !== undefined) held.set(`${id}.${topics}`, position);
      }
    }
    return held;
  }

  /** For the first part of names each, what Redis knows. See names.ts. */
  async #placesOf(ids: readonly string[]): Promise<readonly (string | undefined)[]> {
    const [, names = "", meta = ""] = this.#keys;
    const { commands } = this.#session;
    const ask = (): Promise<unknown> => commands.send("HMGET", [names, ...ids]);
    // Redis answers in this order: what was known then is all, unless names were still to come.
    const [unnamed, known] = await Promise.all([commands.send("HGET", [meta, "unnamed"]), ask()]);
    let reply = known;
    if (typeof unnamed === "string" && unnamed !== "") {
      await this.#engine.name(commands);
      reply = await ask();
    }
    if (!Array.isArray(reply)) throw new UnexpectedReply(reply);
    return reply.map((places: unknown) => (typeof places === "string" ? places : undefined));
  }

  async #readBlocks(after: number, count: number): Promise<readonly Block[]> {
    const epoch = this.#view.epochs.findLast((each) => each.after <= after) ?? this.#view.epochs[0];
    const { commands } = this.#session;
    const [log = ""] = this.#keys;
    const range = [log, `${epoch?.number ?? 0}-${after + 1}`, "+", "COUNT", `${count}`];
    // In this order: what leaves the stream between the two is found by the second.
    const [stream, moved] = await Promise.all([
      commands.send("XRANGE", range),
      commands.send("ZRANGEBYSCORE", [this.#moved, `(${after}`, "+inf", "LIMIT", "0", `${count}`]),
    ]);
    return merged(entriesOfReply(stream), movedEntriesOf(moved)).slice(0, count);
  }

  async #locateId(id: string, mayRead: MayRead): Promise<number | undefined> {
    if (this.#session.state !== "open") {
      const recent = this.#view.recent.locate(id, mayRead);
      if (recent !== undefined) return recent;
    }
    this.#session.assertInStep();
    const [places = ""] = await this.#placesOf([idDigest(id)]);
    const positions = positionsOf(places);
    const held = positions.filter((position) => position >= this.#view.first).sort((a, b) => a - b);
    const { word } = this.#member;
    await this.#comeTo(held.at(-1) ?? 0);
    if (this.#member.word !== word) return this.#locateId(id, mayRead);
    for (const position of held.slice(0, MAX_LOCATED)) {
      const entry = await this.entryAt(position);
      if (entry && mayRead(entry)) return position;
    }
    return undefined;
  }

  /** Resolves when this node has followed all that was there when it asked. @throws RedisAway */
  async comeToHead(): Promise<void> {
    await this.#comeTo(await this.#session.inStep());
  }

  /** This node may not have followed yet what another has appended: resolves when it has, or in another life. */
  async #comeTo(position: number): Promise<void> {
    const { word } = this.#member;
    const until = performance.now() + COMMAND_DEADLINE_MS;
    while (this.#member.head < position && this.#member.word === word) {
      // Whoever asks is not to hold up the others who do.
      if (performance.now() >= until) throw new RedisAway("this node is behind what Redis has");
      await this.#view.changes.next(until - performance.now());
    }
  }
}

/** The blocks in the order of the log. One that is among both has left the stream meanwhile. */
function merged(stream: readonly StreamEntry[], moved: readonly StreamEntry[]): readonly Block[] {
  const blocks = stream.map(({ block }) => block);
  if (moved.length === 0) return blocks;
  const byLast = new Map([...blocks, ...moved.map(({ block }) => block)].map((block) => [block.last, block]));
  return [...byLast.values()].sort((a, b) => a.last - b.last);
}

function stretchOf(after: number, entries: readonly Entry[], from: number): Stretch {
  const first = entries[0]?.position ?? from + 1;
  const missing = first > after + 1 ? { from: after + 1, to: first - 1 } : undefined;
  return { entries, upTo: entries.at(-1)?.position ?? from, missing };
}
