import { inSlices } from "../../timers.ts";
import { Deduplication, type NamedDraft } from "../deduplication.ts";
import { type Entry, keptEntry, lastingTopics } from "../entry.ts";
import { type Batch, OutcomeUnknown, type Receipt, type Refusal } from "../store.ts";
import { type Connection, isReply, RedisAway } from "./connection.ts";
import { contentsOf } from "./content.ts";
import type { BlockContent, EngineBounds, Rewrite } from "./engine.ts";
import { explain, isBelowForeign, isReadOnly, mayHaveWritten } from "./failure.ts";
import type { LogView } from "./log-view.ts";
import type { Member, Pending } from "./member.ts";
import { endKey, nameOf } from "./names.ts";
import type { Reading } from "./reading.ts";
import { NothingKept } from "./redis-engine.ts";
import type { Session } from "./session.ts";

/**
 * One call carries no more than this, unless one batch alone does: Redis does nothing else meanwhile. Each topic
 * on which an event becomes current or ends counts as one event more.
 */
const MAX_APPEND_EVENTS = 1000;
const MAX_APPEND_LENGTH = 1024 * 1024;
/** How long a publisher waits for an append whose connection was lost, in milliseconds. */
const OUTCOME_MS = 10_000;
/** How soon an append that failed is tried again, unless the session has changed before, in milliseconds. */
const RECONNECT_MS = 50;
/** How long replicas may take to say that they have an append, in milliseconds. */
const REPLICAS_MS = 1000;

export interface AppendingOptions {
  readonly session: Session;
  readonly member: Member;
  readonly view: LogView;
  readonly reading: Reading;
  readonly bounds: EngineBounds;
  /** How many replicas must have an event before its publisher is answered. */
  readonly replicas: number;
  /** Writes to Redis, and changes nothing that anyone asked for. @throws RedisAway */
  readonly write: () => Promise<void>;
}

/** A node's appends: one is in flight at a time, until the node has followed it. */
export class Appending {
  readonly #session: Session;
  readonly #member: Member;
  readonly #view: LogView;
  readonly #reading: Reading;
  readonly #bounds: EngineBounds;
  readonly #replicas: number;
  readonly #write: () => Promise<void>;
  /** How long the last one took, in milliseconds. */
  lastMs = 0;
  #lacksReplicas = false;

  constructor({ session, member, view, reading, bounds, replicas, write }: AppendingOptions) {
    this.#session = session;
    this.#member = member;
    this.#view = view;
    this.#reading = reading;
    this.#bounds = bounds;
    this.#replicas = replicas;
    this.#write = write;
  }

  /** @throws RedisAway when nothing was kept; OutcomeUnknown. */
  async append(batches: readonly Batch[]): Promise<readonly (readonly Receipt[] | Refusal)[]> {
    const answers: (readonly Receipt[] | Refusal)[] = [];
    const appendUnit = async (unit: readonly Batch[]): Promise<void> => {
      try {
        answers.push(...(await this.#appendUnit(unit)));
      } catch (error) {
        const isFirst = answers.length === 0;
        throw isFirst || !(error instanceof RedisAway) ? error : new OutcomeUnknown(error.message);
      }
    };
    let next: Batch[] = [];
    let events = 0;
    let length = 0;
    for (const batch of batches) {
      const size = batch.drafts.reduce((sum, { json }) => sum + json.length, 0);
      const weight = batch.drafts.reduce((sum, draft) => sum + 1 + lastingTopics(draft), 0);
      const isFull = events + weight > MAX_APPEND_EVENTS || length + size > MAX_APPEND_LENGTH;
      if (next.length > 0 && isFull) {
        await appendUnit(next);
        [next, events, length] = [[], 0, 0];
      }
      next.push(batch);
      events += weight;
      length += size;
    }
    await appendUnit(next);
    return answers;
  }

  /**
   * Appends one block, which has no event that readers are sent. False when the block that it was to rewrite is
   * another by now, so that nothing is kept.
   *
   * @throws RedisAway; OutcomeUnknown.
   */
  async appendBlock(content: BlockContent, rewrite?: Rewrite): Promise<boolean> {
    this.#session.assertTakesEvents();
    const pending = this.#member.begin([content], undefined, rewrite);
    const outcome = await this.#keep(pending, performance.now() + OUTCOME_MS);
    return !(outcome instanceof Map) && "last" in outcome;
  }

  async #appendUnit(batches: readonly Batch[]): Promise<readonly (readonly Receipt[] | Refusal)[]> {
    let held: ReadonlyMap<string, Entry> = new Map();
    // Topics that others have just ended are named to Redis then, so that no more ends delay this.
    let topics = "";
    const asked = new Set<string>();
    const until = performance.now() + OUTCOME_MS;
    for (;;) {
      if (held.size > 0) held = await this.#followed(held, until);
      const { word, head } = this.#member;
      const find = ({ id, topics }: NamedDraft): Entry | undefined => held.get(nameOf(id, topics));
      const deduplication = new Deduplication(find, this.#view.ended);
      await inSlices(sorting(deduplication, batches));
      // What was sorted may have been lost meanwhile.
      if (word !== this.#member.word) continue;
      const names = this.#namesOnEnded(batches).filter((name) => !asked.has(`${word} ${name}`));
      if (names.length > 0) {
        for (const name of names) asked.add(`${word} ${name}`);
        held = new Map([...held, ...(await this.#heldEntries(await this.#reading.heldUnder(names)))]);
        continue;
      }
      const { fresh, recipients } = deduplication;
      if (fresh.length === 0) {
        // A duplicate's receipt is a promise too.
        if (held.size > 0) await this.#replicated();
        return deduplication.receipts([]);
      }
      this.#session.assertTakesEvents();
      const onTopics = fresh.some(({ topics }) => topics.length > 0);
      const ends = onTopics ? { upTo: head, topics } : undefined;
      const pending = this.#member.begin(contentsOf(fresh, recipients), ends);
      this.#view.own = { pending, drafts: fresh, recipients };
      const outcome = await this.#keep(pending, until).finally(() => {
        this.#view.own = undefined;
      });
      if (outcome instanceof Map) {
        held = new Map([...held, ...outcome]);
        continue;
      }
      if ("endedUpTo" in outcome) {
        await this.#comeTo(outcome.endedUpTo, until);
        topics = [...new Set(fresh.flatMap((draft) => draft.topics))].map((topic) => endKey(topic)).join(" ");
        continue;
      }
      // What was held may be lost since: then its publishers ask again, and the rest is held by its ids.
      if (outcome.word !== word && [...held.values()].some((entry) => !this.#isOn(entry)))
        throw new OutcomeUnknown("Redis lost what had been published before");
      const first = outcome.last - fresh.length + 1;
      return deduplication.receipts(
        fresh.map((draft, i) => keptEntry(draft, outcome.word, first + i, 0, recipients[i] ?? 0)),
      );
    }
  }

  /**
   * Resolves when the append is kept and followed; or to the entries that have its names already (none: it is
   * to be looked at again), or to the position up to which topics have ended that this node did not know of.
   */
  async #keep(pending: Pending, until: number): Promise<Kept | Map<string, Entry> | Ended> {
    const member = this.#member;
    // Once it was sent, it waits for Redis to come back, or for another master.
    let wasSent = false;
    let mayBeKept = false;
    let writer: Connection | undefined;
    for (;;) {
      const { kept } = pending;
      if (kept !== undefined && member.isFollowed) {
        member.finish();
        const word = member.lives.findLast(({ first }) => first <= kept)?.word ?? member.word;
        await this.#replicated(writer);
        return { last: kept, word };
      }
      const { state, reason = "Redis did not answer in time" } = this.#session;
      if (performance.now() >= until || (state === "away" && !wasSent)) {
        member.finish();
        throw mayBeKept ? new OutcomeUnknown(reason) : new RedisAway(reason);
      }
      if (state !== "open" || pending.sent) {
        await this.#view.changes.next(until - performance.now());
        continue;
      }
      pending.sent = true;
      const { word } = member;
      const startedAt = performance.now();
      let isUnderWay = false;
      try {
        const { commands } = this.#session;
        isUnderWay = true;
        const answer = await this.#session.append({ ...pending.append, word }, this.#bounds);
        isUnderWay = false;
        wasSent = true;
        this.lastMs = performance.now() - startedAt;
        // Also in a life that is over by now: it may be put back.
        mayBeKept ||= "last" in answer && answer.last > 0;
        if (!member.answered(pending, word, answer)) {
          if (answer.result === "hello") await this.#session.hello();
        } else if (answer.result === "held") {
          member.finish();
          return await this.#heldEntries(answer.held);
        } else if (answer.result === "ended") {
          member.finish();
          return { endedUpTo: answer.upTo };
        } else if (answer.result === "changed" || (answer.result === "again" && answer.last === 0)) {
          member.finish();
          return new Map();
        } else if (answer.result === "kept") {
          writer = commands;
          this.#view.setCounts(answer.counts);
        } else if (answer.result === "stale") {
          throw new Error("this node's name is in use by another");
        }
      } catch (thrown) {
        const isBefore = thrown instanceof NothingKept;
        const error = isBefore ? thrown.cause : thrown;
        isUnderWay &&= !isBefore;
        wasSent ||= isUnderWay;
        const isRefused = isReply(error);
        const comesAgain = isReadOnly(error) || isBelowForeign(error);
        if (isRefused && !comesAgain) {
          member.finish();
          const { message } = explain(error);
          mayBeKept ||= isUnderWay && mayHaveWritten(error);
          throw mayBeKept ? new OutcomeUnknown(message) : new RedisAway(message);
        }
        mayBeKept ||= isUnderWay && !isRefused;
        pending.sent = false;
        if (isBelowForeign(error)) await this.#session.hello().catch(() => {});
        // The session is about to learn that its connection is gone.
        else if (this.#session.state === "open") await this.#view.changes.next(RECONNECT_MS);
      }
    }
  }

  /** These entries, once this node has followed them: before, they may be lost in a new life. */
  async #followed(held: ReadonlyMap<string, Entry>, until: number): Promise<ReadonlyMap<string, Entry>> {
    const last = Math.max(0, ...[...held.values()].map(({ position }) => position));
    await this.#comeTo(last, until);
    return new Map([...held].filter(([, entry]) => this.#isOn(entry)));
  }

  #isOn({ word, position }: Entry): boolean {
    return this.#member.isOn({ word, last: position });
  }

  /** Resolves when this node has followed the log to a position, or is in another life. @throws RedisAway */
  async #comeTo(position: number, until: number): Promise<void> {
    const { word } = this.#member;
    while (this.#member.head < position && this.#member.word === word) {
      if (performance.now() >= until) throw this.#late();
      await this.#view.changes.next(until - performance.now());
    }
  }

  #late(): RedisAway {
    return new RedisAway(this.#session.reason ?? "Redis did not answer in time");
  }

  /** The names of events that would be refused since a topic has ended, but may have been kept before that. */
  #namesOnEnded(batches: readonly Batch[]): readonly string[] {
    const { ended } = this.#view;
    if (ended.count === 0) return [];
    return batches.flatMap(({ drafts }) =>
      drafts.flatMap(({ id, topics }) =>
        id !== undefined && topics.some((topic) => ended.get(topic)) ? [nameOf(id, topics)] : [],
      ),
    );
  }

  /**
   * WAIT is for what its connection has written. What came by another, or was only read, is covered by one more write.
   *
   * @param writer the connection that wrote what was kept, if it is known.
   * @throws OutcomeUnknown unless as many replicas as asked for have what was kept.
   */
  async #replicated(writer?: Connection): Promise<void> {
    if (this.#replicas === 0) return;
    try {
      if (writer !== this.#session.commands) await this.#write();
      await this.#waitForReplicas();
    } catch (error) {
      throw new OutcomeUnknown(error instanceof Error ? error.message : String(error));
    }
  }

  /** If there were too few replicas: whether enough have what was written last. @throws RedisAway */
  async lookForReplicas(): Promise<void> {
    if (this.#lacksReplicas) await this.#waitForReplicas();
  }

  /** @throws RedisAway unless as many as asked for have all that was sent on the connection. */
  async #waitForReplicas(): Promise<void> {
    const wanted = this.#replicas;
    const had = await this.#session.waitForReplicas(wanted, REPLICAS_MS);
    this.#lacksReplicas = had < wanted;
    if (had < wanted)
      throw new RedisAway(`too few replicas have the events: ${had} of ${wanted} (--replicas)`);
  }

  /** The events at these positions, by their names. One that is gone by now is left out. */
  async #heldEntries(held: ReadonlyMap<string, number>): Promise<Map<string, Entry>> {
    const entries = new Map<string, Entry>();
    for (const [name, position] of held) {
      const entry = await this.#reading.entryAt(position);
      if (entry) entries.set(name, entry);
    }
    return entries;
  }
}

interface Kept {
  readonly last: number;
  readonly word: string;
}

interface Ended {
  readonly endedUpTo: number;
}

function* sorting(deduplication: Deduplication, batches: readonly Batch[]): Generator<void, void, void> {
  for (const batch of batches) yield* deduplication.add(batch);
}
