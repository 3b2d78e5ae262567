import type { Place } from "../../protocol/place.ts";
import { NewerBlock } from "../block.ts";
import { type Draft, type Entry, erasedEntry, keptEntry } from "../entry.ts";
import type { Follower } from "../store.ts";
import { Changes } from "./changes.ts";
import { RedisAway } from "./connection.ts";
import { entriesOf } from "./content.ts";
import type { CurrentInRedis } from "./current-in-redis.ts";
import type { EndsInRedis } from "./ends-in-redis.ts";
import type { Block, Counts, Epoch, HelloAnswer } from "./engine.ts";
import { FollowedEntries } from "./followed-entries.ts";
import type { Unit } from "./held-units.ts";
import type { Member, Pending } from "./member.ts";
import { erasedBy } from "./names.ts";

/** The events that this node is appending: they need not be read from the texts that come back. */
export interface OwnEvents {
  readonly pending: Pending;
  readonly drafts: readonly Draft[];
  readonly recipients: readonly number[];
}

/** The log as one node knows it: what Redis holds, and the newest of that in memory. It tells its follower. */
export class LogView {
  readonly recent = new FollowedEntries();
  readonly current: CurrentInRedis;
  readonly ended: EndsInRedis;
  /** Tells those who wait that the node has followed something, or that Redis has come or gone. */
  readonly changes = new Changes();
  /** What the log holds, as last heard. */
  counts: Counts = {
    ...{ first: 1, count: 0, bytes: 0 },
    ...{ valueBytes: 0, floor: 0, dropped: 0, endsFloor: 0, endsDropped: 0 },
  };
  epochs: readonly Epoch[] = [];
  /** How many positions that the node had followed were lost. */
  lost = 0;
  /** How many erasures the node has followed. */
  erasures = 0;
  /** Called when the event at a position is erased. */
  onErased: ((position: number) => void) | undefined;
  /** The places of events that were erased at this node, and are to be again: Redis has lost that. */
  unerased: readonly Place[] = [];
  follower: Follower | undefined;
  /** What is in flight, if it has events. */
  own: OwnEvents | undefined;
  /** Whether the follower has been told where the log stands. */
  isTold = false;
  readonly #member: Member;
  /** No more events than these are held. */
  readonly #maxEvents: number;
  #failing = false;

  constructor(member: Member, maxEvents: number, current: CurrentInRedis, ended: EndsInRedis) {
    this.#member = member;
    this.current = current;
    this.ended = ended;
    this.#maxEvents = maxEvents;
  }

  /** The position of the oldest event that is held, or of the next one. */
  get first(): number {
    return this.counts.count > 0 ? this.counts.first : this.#member.head + 1;
  }

  /** All that comes after this position is in memory. */
  get recentAfter(): number {
    return (this.recent.earliest ?? this.#member.head + 1) - 1;
  }

  /** Takes the answer to a hello. */
  heard(answer: HelloAnswer): void {
    const heard = this.#member.heard(answer);
    if (answer.state === "open") {
      this.epochs = answer.epochs;
      if (heard.rolledBackTo !== undefined) {
        this.lost += heard.lost;
        this.recent.removeAfter(heard.rolledBackTo);
        this.follower?.rolledBack(heard.rolledBackTo);
        this.unerased = [...this.unerased, ...(heard.unerased ?? [])];
      }
      if (heard.skippedTo !== undefined) this.recent.clear();
      this.setCounts(answer.counts);
      if (this.#failing) this.follower?.works();
      this.#failing = false;
    }
    this.changes.tell();
  }

  /** Takes what the log has gone on by. */
  took(units: readonly Unit[]): void {
    let run: Entry[] = [];
    const tell = (): void => {
      if (run.length > 0 && this.isTold) this.follower?.kept(run);
      run = [];
    };
    for (const block of units.flat()) {
      const entries = this.#ownEntries(block) ?? this.decode(block);
      const cleared = this.current.took(block, entries);
      this.ended.took(block);
      for (const entry of entries) {
        const before = run.at(-1)?.position;
        if (before !== undefined && entry.position !== before + 1) tell();
        this.#remember(entry);
        run.push(entry);
      }
      const erased = erasedBy(block.current);
      if (!cleared && !erased) continue;
      tell();
      if (cleared) this.follower?.cleared?.(cleared.type, cleared.topic);
      if (erased) this.#erase(erased);
    }
    tell();
    this.changes.tell();
  }

  /** Redis can't be used at present. */
  away(reason: string): void {
    // The first failure is the store's; what is found out about it afterwards is told besides.
    if (this.#failing) this.follower?.warned(reason);
    else this.follower?.failed(new RedisAway(reason));
    this.#failing = true;
    this.changes.tell();
  }

  setCounts(counts: Counts): void {
    this.counts = counts;
    this.current.heard(counts);
    this.ended.heard(counts);
    this.recent.removeBefore(counts.first);
  }

  /** The events of a block; none, with a warning, when it is damaged. @throws NewerBlock */
  decode(block: Block): readonly Entry[] {
    try {
      return entriesOf(block);
    } catch (error) {
      if (error instanceof NewerBlock) throw error;
      this.follower?.warned(
        `the events up to ${block.word}-${block.last} are damaged in Redis, and left out`,
      );
      return [];
    }
  }

  /** The events of a block that has come back as this node has sent it. */
  #ownEntries({
    node,
    seq,
    text,
    word,
    last,
    count,
    keptAt,
    unitFirst,
  }: Block): readonly Entry[] | undefined {
    const { own } = this;
    if (!own) return undefined;
    const { append } = own.pending;
    if (node !== append.node || seq !== append.seq) return undefined;
    if (!append.blocks.some((block) => block.text === text)) return undefined;
    const first = last - count + 1;
    return own.drafts
      .slice(first - unitFirst, last + 1 - unitFirst)
      .map((draft, i) =>
        keptEntry(draft, word, first + i, keptAt, own.recipients[first + i - unitFirst] ?? 0),
      );
  }

  #erase({ word, position }: Place): void {
    const entry = this.recent.at(position);
    if (entry?.word === word) this.recent.replace(erasedEntry(entry));
    this.current.values.erase(position);
    this.erasures++;
    this.onErased?.(position);
    if (this.isTold) this.follower?.erased?.(position);
  }

  #remember(entry: Entry): void {
    this.recent.push(entry);
    const { counts } = this;
    this.recent.removeBefore(
      Math.max(this.#member.low + 1, counts.first, entry.position + 1 - this.#maxEvents),
    );
    // Redis has let go of it, and only keeps it for nodes that are about to follow it.
    if (entry.position < counts.first) return;
    if (counts.count === 0) this.counts = { ...counts, first: entry.position, count: 1 };
    else if (entry.position + 1 - counts.first > counts.count) {
      // Another node's: what Redis let go of for it is heard with the next hello.
      const count = Math.min(this.#maxEvents, entry.position + 1 - counts.first);
      this.counts = { ...counts, count };
    }
  }
}
