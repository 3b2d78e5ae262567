import { newWord, parsePlace, placeText } from "../../protocol/place.ts";
import { NewerBlock } from "../block.ts";
import { Deduplication, type NamedDraft } from "../deduplication.ts";
import { createEntry, type Draft, type Entry } from "../entry.ts";
import { inSlices } from "../slices.ts";
import {
  type Batch,
  type Bounds,
  DEFAULT_BOUNDS,
  type EngineStatus,
  type Follower,
  type IdConflict,
  type LogStart,
  type MayRead,
  OutcomeUnknown,
  type Receipt,
  type Store,
  type Stretch,
} from "../store.ts";
import { parseRedisAddress, type RedisAddress } from "./address.ts";
import { Changes } from "./changes.ts";
import { COMMAND_DEADLINE_MS, isReply, RedisAway } from "./connection.ts";
import { contentsOf, entriesOf } from "./content.ts";
import { ControlStream } from "./control-stream.ts";
import type { Block, Counts, EngineBounds, Epoch, HelloAnswer } from "./engine.ts";
import { FollowedEntries } from "./followed-entries.ts";
import { Member, type Pending, type Unit } from "./member.ts";
import { idDigest, nameOf, positionsOf } from "./names.ts";
import { controlKeyOf, entriesOfReply, keysOf, RedisEngine } from "./redis-engine.ts";
import { Session } from "./session.ts";

/** A node can put back at least the newest events of this size, and reads them without Redis. */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** What is past the bounds stays in Redis for nodes that are about to follow it, up to this size. */
const SPARE_BYTES = 1024 * 1024;
/** One call carries no more than this, unless one batch alone does: Redis does nothing else meanwhile. */
const MAX_APPEND_EVENTS = 1000;
const MAX_APPEND_LENGTH = 1024 * 1024;
/** How long a publisher waits for an append whose connection was lost, in milliseconds. */
const OUTCOME_MS = 10_000;
/** How soon an append that failed is tried again, unless the session has changed before, in milliseconds. */
const RECONNECT_MS = 50;
/** How many blocks are read at once. */
const READ_BLOCKS = 8;
/** How many events of one id are looked at to find one that a reader may read. */
const MAX_LOCATED = 64;

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
}

/** A log in Redis, which many nodes share, each with a store of its own. */
export class RedisStore implements Store {
  /** `redis` */
  readonly name = "redis";
  /** How much history it keeps. */
  readonly bounds: Bounds;
  /** Readers are served from memory while Redis is away. */
  readonly servesWhileFailing = true;
  readonly #engineBounds: EngineBounds;
  readonly #address: RedisAddress;
  readonly #replicas: number;
  readonly #scripts: RedisEngine;
  readonly #member = new Member(newWord(), WINDOW_BYTES);
  /** What the nodes of the hub tell each other. @internal */
  readonly control: ControlStream;
  readonly #session: Session;
  readonly #changes = new Changes();
  readonly #recent = new FollowedEntries();
  #counts: Counts = { first: 1, count: 0, bytes: 0 };
  #epochs: readonly Epoch[] = [];
  #follower: Follower | undefined;
  /** Whether the log has been told where it stands. */
  #started = false;
  #failing = false;
  #appendMs = 0;
  #lost = 0;

  /**
   * Opens a log in Redis; it connects when it is followed.
   *
   * @param url `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` with TLS, or
   * `redis+sentinel://HOST,HOST,…/MASTER[/DATABASE]`. Parameters: `prefix` names the hub, `ca` a file with
   * certificates, `password_file` a file with the password.
   * @throws RedisAddressError
   */
  constructor(url: string, { bounds = {}, replicas = 0 }: RedisStoreOptions = {}) {
    this.bounds = { ...DEFAULT_BOUNDS, ...bounds };
    this.#engineBounds = { ...this.bounds, spare: SPARE_BYTES };
    this.#address = parseRedisAddress(url);
    this.#replicas = replicas;
    this.#scripts = new RedisEngine(this.#address.prefix);
    const { prefix } = this.#address;
    const commands = () => this.#session.commands;
    this.control = new ControlStream(controlKeyOf(prefix), commands);
    this.#session = new Session({
      control: this.control,
      address: this.#address,
      engine: this.#scripts,
      member: this.#member,
      replicas,
      log: keysOf(this.#address.prefix)[0] ?? "",
      heard: (answer) => this.#heard(answer),
      took: (units) => this.#took(units),
      away: (reason) => this.#away(reason),
      warn: (message) => this.#follower?.warned(message),
      note: (message) => this.#follower?.noted(message),
    });
  }

  /** How many events are held, as last heard. */
  get count(): number {
    return this.#counts.count;
  }

  /** What they take in Redis, in bytes, roughly. */
  get bytes(): number {
    return this.#counts.bytes;
  }

  /** The position of the oldest event that is held; undefined when none is. */
  get earliest(): number | undefined {
    return this.#counts.count > 0 ? this.#counts.first : undefined;
  }

  /** How Redis is doing. */
  get engine(): EngineStatus {
    const { lives, head, name } = this.#member;
    const newest = lives.at(-1);
    return {
      ...{ state: this.#session.state, reason: this.#session.reason, host: this.#session.host, node: name },
      life: newest && { number: newest.number, word: newest.word },
      lag: Math.max(0, this.#session.engineHead - head),
      ...{ appendMs: this.#appendMs, putBack: this.#session.putBack, lost: this.#lost },
      durability: this.#session.durability,
    };
  }

  /**
   * Resolves when this node has followed the log up to where it stood.
   *
   * @throws RedisAway when Redis can't be used; it goes on trying.
   */
  async follow(follower: Follower): Promise<LogStart> {
    this.#follower = follower;
    const start = await this.#session.start();
    const isThere = (): boolean => this.#member.head >= Math.min(start, this.#session.engineHead);
    await this.#changes.until(() => isThere() || this.#session.state === "away");
    if (!isThere()) throw new RedisAway(this.#session.reason ?? "Redis is away");
    this.#started = true;
    const { lives, head } = this.#member;
    return { head, lives: lives.map(({ word, first }) => ({ word, first })) };
  }

  /**
   * Keeps the events of each batch.
   *
   * @throws RedisAway when nothing was kept; OutcomeUnknown.
   */
  async append(batches: readonly Batch[]): Promise<readonly (readonly Receipt[] | IdConflict)[]> {
    const answers: (readonly Receipt[] | IdConflict)[] = [];
    let next: Batch[] = [];
    let events = 0;
    let length = 0;
    for (const batch of batches) {
      const size = batch.drafts.reduce((sum, { json }) => sum + json.length, 0);
      const isFull = events + batch.drafts.length > MAX_APPEND_EVENTS || length + size > MAX_APPEND_LENGTH;
      if (next.length > 0 && isFull) {
        answers.push(...(await this.#appendUnit(next)));
        [next, events, length] = [[], 0, 0];
      }
      next.push(batch);
      events += batch.drafts.length;
      length += size;
    }
    answers.push(...(await this.#appendUnit(next)));
    return answers;
  }

  /** Lets go of what is past the bounds. */
  async trim(): Promise<void> {
    const counts = await this.#scripts.trim(this.#session.commands, this.#engineBounds);
    if (!counts) throw new RedisAway("the nodes put back what Redis has lost");
    this.#setCounts(counts);
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
    return position + 1 >= this.#first ? position : undefined;
  }

  /**
   * The next events after the position, from memory or from Redis.
   *
   * @throws RedisAway when Redis is away, and they are not in memory.
   */
  async read(after: number, limit: number): Promise<Stretch> {
    const from = Math.max(after, this.#first - 1);
    if (from >= this.#recentAfter) {
      const entries = this.#recent.read(from, limit);
      return stretchOf(after, entries, from);
    }
    const { word } = this.#member;
    const entries: Entry[] = [];
    let upTo = from;
    const count = Math.min(READ_BLOCKS, limit);
    let blocks = await this.#readBlocks(from, count);
    if (!blocks[0] || blocks[0].last - blocks[0].count > from) {
      // What is missing may be about to be put back.
      await this.#session.inStep();
      blocks = await this.#readBlocks(from, count);
    }
    // What a recovery has changed meanwhile is read again.
    if (word !== this.#member.word) return { entries: [], upTo: after };
    for (const block of blocks) {
      if (!this.#member.isOn(block)) throw new RedisAway("the log is about to change");
      const first = block.last - block.count + 1;
      // What is missing after these is told with what comes then.
      if (entries.length > 0 && first > upTo + 1) break;
      const decoded = this.#decode(block);
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

  /** Ends its connections. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  // Appending

  async #appendUnit(batches: readonly Batch[]): Promise<readonly (readonly Receipt[] | IdConflict)[]> {
    let held: ReadonlyMap<string, Entry> = new Map();
    const until = performance.now() + OUTCOME_MS;
    for (;;) {
      held = await this.#followed(held, until);
      const find = ({ id, topics }: NamedDraft): Entry | undefined => held.get(nameOf(id, topics));
      const deduplication = new Deduplication(find);
      await inSlices(sorting(deduplication, batches));
      const { fresh, recipients } = deduplication;
      if (fresh.length === 0) {
        // A duplicate's receipt is a promise too. The answer that named it was a write of this connection.
        if (held.size > 0) await this.#replicated();
        return deduplication.receipts([]);
      }
      this.#session.assertTakesEvents();
      const outcome = await this.#keep(this.#member.begin(contentsOf(fresh, recipients)), until);
      if (outcome instanceof Map) {
        held = new Map([...held, ...outcome]);
        continue;
      }
      const first = outcome.last - fresh.length + 1;
      return deduplication.receipts(
        fresh.map((draft, i) =>
          keptEntry(draft, { word: outcome.word, position: first + i }, recipients[i] ?? 0),
        ),
      );
    }
  }

  /** Resolves when the append is kept and followed, or to the entries that have its names already. */
  async #keep(pending: Pending, until: number): Promise<{ last: number; word: string } | Map<string, Entry>> {
    const member = this.#member;
    let mayBeKept = false;
    for (;;) {
      const { kept } = pending;
      if (kept !== undefined && member.isFollowed) {
        member.finish();
        const word = member.lives.findLast(({ first }) => first <= kept)?.word ?? member.word;
        await this.#replicated();
        return { last: kept, word };
      }
      const { state, reason = "Redis did not answer in time" } = this.#session;
      if (performance.now() >= until || (state === "away" && !mayBeKept)) {
        member.finish();
        throw mayBeKept ? new OutcomeUnknown(reason) : new RedisAway(reason);
      }
      if (state !== "open" || pending.sent) {
        await this.#changes.next(until - performance.now());
        continue;
      }
      pending.sent = true;
      const { word } = member;
      const startedAt = performance.now();
      try {
        const answer = await this.#session.append({ ...pending.append, word }, this.#engineBounds);
        this.#appendMs = performance.now() - startedAt;
        if (!member.answered(pending, word, answer)) {
          if (answer.result === "hello") await this.#session.hello();
        } else if (answer.result === "held") {
          member.finish();
          return await this.#heldEntries(answer.held);
        } else if (answer.result === "again" && answer.last === 0) {
          member.finish();
          return new Map();
        } else if (answer.result === "kept") {
          mayBeKept = true;
          this.#setCounts(answer.counts);
        } else if (answer.result === "stale") {
          throw new Error("this node's name is in use by another");
        }
      } catch (error) {
        if (isReply(error)) {
          member.finish();
          throw error;
        }
        mayBeKept = true;
        pending.sent = false;
        // The session is about to learn that its connection is gone.
        if (this.#session.state === "open") await this.#changes.next(RECONNECT_MS);
      }
    }
  }

  /** These entries, once this node has followed them: before, they may be lost in a new life. */
  async #followed(held: ReadonlyMap<string, Entry>, until: number): Promise<ReadonlyMap<string, Entry>> {
    const last = Math.max(0, ...[...held.values()].map(({ position }) => position));
    const { word } = this.#member;
    while (this.#member.head < last && this.#member.word === word) {
      if (performance.now() >= until)
        throw new RedisAway(this.#session.reason ?? "Redis did not answer in time");
      await this.#changes.next(until - performance.now());
    }
    const isOn = ({ word, position }: Entry): boolean => this.#member.isOn({ word, last: position });
    return new Map([...held].filter(([, entry]) => isOn(entry)));
  }

  /** @throws OutcomeUnknown unless as many replicas as asked for have what was kept. */
  async #replicated(): Promise<void> {
    if (this.#replicas === 0) return;
    const isEnough = await this.#session.waitForReplicas().catch((error: unknown) => {
      throw new OutcomeUnknown(error instanceof Error ? error.message : String(error));
    });
    if (!isEnough) throw new OutcomeUnknown(`fewer than ${this.#replicas} replicas have the events`);
  }

  /** The events at these positions, by their names. One that is gone by now is left out. */
  async #heldEntries(held: ReadonlyMap<string, number>): Promise<Map<string, Entry>> {
    const entries = new Map<string, Entry>();
    for (const [name, position] of held) {
      const entry = await this.#entryAt(position);
      if (entry) entries.set(name, entry);
    }
    return entries;
  }

  // Reading

  /** The position of the oldest event that is held, or of the next one. */
  get #first(): number {
    return this.#counts.count > 0 ? this.#counts.first : this.#member.head + 1;
  }

  /** All that comes after this position is in memory. */
  get #recentAfter(): number {
    return (this.#recent.earliest ?? this.#member.head + 1) - 1;
  }

  async #entryAt(position: number): Promise<Entry | undefined> {
    if (position < this.#first) return undefined;
    if (position > this.#recentAfter) {
      const recent = this.#recent.at(position);
      if (recent) return recent;
    }
    const blocks = await this.#readBlocks(position - 1, 1);
    return blocks.flatMap((block) => this.#decode(block)).find((entry) => entry.position === position);
  }

  async #readBlocks(after: number, count: number): Promise<readonly Block[]> {
    const [log = ""] = keysOf(this.#address.prefix);
    const epoch = this.#epochs.findLast((each) => each.after <= after) ?? this.#epochs[0];
    const args = [log, `${epoch?.number ?? 0}-${after + 1}`, "+", "COUNT", `${count}`];
    const reply = await this.#session.commands.send("XRANGE", args);
    return entriesOfReply(reply).map(({ block }) => block);
  }

  async #locateId(id: string, mayRead: MayRead): Promise<number | undefined> {
    if (this.#session.state !== "open") {
      const recent = this.#recent.locate(id, mayRead);
      if (recent !== undefined) return recent;
    }
    this.#session.assertInStep();
    const [, names = ""] = keysOf(this.#address.prefix);
    const reply = await this.#session.commands.send("HGET", [names, idDigest(id)]);
    const positions = positionsOf(typeof reply === "string" ? reply : "");
    const held = positions.filter((position) => position >= this.#first).sort((a, b) => a - b);
    const { word } = this.#member;
    await this.#comeTo(held.at(-1) ?? 0);
    if (this.#member.word !== word) return this.#locateId(id, mayRead);
    for (const position of held.slice(0, MAX_LOCATED)) {
      const entry = await this.#entryAt(position);
      if (entry && mayRead(entry)) return position;
    }
    return undefined;
  }

  /** This node may not have followed yet what another has appended: resolves when it has, or in another life. */
  async #comeTo(position: number): Promise<void> {
    const { word } = this.#member;
    const until = performance.now() + COMMAND_DEADLINE_MS;
    while (this.#member.head < position && this.#member.word === word) {
      // Whoever asks is not to hold up the others who do.
      if (performance.now() >= until) throw new RedisAway("this node is behind what Redis has");
      await this.#changes.next(until - performance.now());
    }
  }

  // Following

  #heard(answer: HelloAnswer): void {
    if (answer.state !== "open") {
      this.#member.heard(answer);
      this.#changes.tell();
      return;
    }
    const heard = this.#member.heard(answer);
    this.#epochs = answer.epochs;
    if (heard.rolledBackTo !== undefined) {
      this.#lost += heard.lost;
      this.#recent.removeAfter(heard.rolledBackTo);
      this.#follower?.rolledBack(heard.rolledBackTo);
    }
    if (heard.skippedTo !== undefined) this.#recent.clear();
    this.#setCounts(answer.counts);
    if (this.#failing) {
      this.#failing = false;
      this.#follower?.works();
    }
    this.#changes.tell();
  }

  #took(units: readonly Unit[]): void {
    let run: Entry[] = [];
    const tell = (): void => {
      if (run.length > 0 && this.#started) this.#follower?.kept(run);
      run = [];
    };
    for (const block of units.flat()) {
      for (const entry of this.#decode(block)) {
        const before = run.at(-1)?.position;
        if (before !== undefined && entry.position !== before + 1) tell();
        this.#remember(entry);
        run.push(entry);
      }
    }
    tell();
    this.#changes.tell();
  }

  #decode(block: Block): readonly Entry[] {
    try {
      return entriesOf(block);
    } catch (error) {
      if (error instanceof NewerBlock) throw error;
      this.#follower?.warned(
        `the events up to ${block.word}-${block.last} are damaged in Redis, and left out`,
      );
      return [];
    }
  }

  #remember(entry: Entry): void {
    this.#recent.push(entry);
    const { low } = this.#member;
    const first = Math.max(low + 1, this.#counts.first, entry.position + 1 - this.bounds.events);
    this.#recent.removeBefore(first);
    // Redis has let go of it, and only keeps it for nodes that are about to follow it.
    if (entry.position < this.#counts.first) return;
    if (this.#counts.count === 0) this.#counts = { ...this.#counts, first: entry.position, count: 1 };
    else if (entry.position + 1 - this.#counts.first > this.#counts.count) {
      // Another node's: what Redis let go of for it is heard with the next hello.
      const count = Math.min(this.bounds.events, entry.position + 1 - this.#counts.first);
      this.#counts = { ...this.#counts, count };
    }
  }

  #setCounts(counts: Counts): void {
    this.#counts = counts;
    this.#recent.removeBefore(counts.first);
  }

  #away(reason: string): void {
    const { pending } = this.#member;
    if (pending) pending.sent = false;
    // The first failure is the store's; what is found out about it afterwards is told besides.
    if (this.#failing) this.#follower?.warned(reason);
    else this.#follower?.failed(new RedisAway(reason));
    this.#failing = true;
    this.#changes.tell();
  }
}

function stretchOf(after: number, entries: readonly Entry[], from: number): Stretch {
  const first = entries[0]?.position ?? from + 1;
  const missing = first > after + 1 ? { from: after + 1, to: first - 1 } : undefined;
  return { entries, upTo: entries.at(-1)?.position ?? from, missing };
}

function* sorting(deduplication: Deduplication, batches: readonly Batch[]): Generator<void, void, void> {
  for (const batch of batches) yield* deduplication.add(batch);
}

function keptEntry(draft: Draft, place: { word: string; position: number }, recipients: number): Entry {
  const id = draft.id ?? placeText(place);
  return createEntry({ ...draft, ...place, id, recipients, keptAt: 0, erased: false });
}
