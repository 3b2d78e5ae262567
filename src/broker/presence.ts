import type { Clock } from "../log/clock.ts";
import type { Awaitable } from "../log/store.ts";
import { joinFrames } from "../protocol/frame.ts";
import { HubEvent, type Subjects } from "../protocol/hub-events.ts";
import { inSlices } from "../timers.ts";
import { isMatcherText } from "../topics/matcher.ts";
import { overlaps } from "../topics/overlap.ts";
import { PatternIndex } from "../topics/pattern-index.ts";
import { prefixOf } from "../topics/topic.ts";
import type { Client } from "./client.ts";
import { hubFrame } from "./hub-frames.ts";
import { patternsOf } from "./interest.ts";
import { type Attendance, attendanceKey, Roster } from "./roster.ts";

/** How often those who watch are told who has come and gone, in ms. */
const TELL_INTERVAL_MS = 100;
/** For so long a subject without a stream is still there, in ms: it may be on its way back. */
const GRACE_MS = 10_000;
/** The most subjects that one event names; the others are counted. */
const MAX_NAMES = 100;

export interface PresenceOptions {
  readonly clock: Clock;
  /** Whether a client takes bytes now. */
  readonly isReady: (client: Client) => boolean;
  /** Writes between events to a client that is ready. */
  readonly write: (client: Client, bytes: Uint8Array) => void;
}

/** Subjects of which some are named. */
class Names {
  readonly #names: string[] = [];
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(subject: string): void {
    if (this.#count++ < MAX_NAMES) this.#names.push(subject);
  }

  at(topic: string): Subjects {
    return { topic, subjects: this.#names, more: this.#count - this.#names.length };
  }
}

/** Those who watch who is at a topic, or at the topics of a pattern. */
class Audience {
  readonly pattern: string;
  /** They know who was there at the last turn. */
  readonly informed = new Set<Client>();
  /** They have yet to be told who is there: they are new, or their streams were full. */
  readonly uninformed = new Set<Client>();
  /** Since the last turn. */
  joined = new Names();
  left = new Names();
  /** The number of the search that found it last. */
  foundBy = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get isEmpty(): boolean {
    return this.informed.size === 0 && this.uninformed.size === 0;
  }

  /** The frames that say who has come and gone; undefined if nobody has. */
  takeNews(): Uint8Array | undefined {
    const { joined, left, pattern } = this;
    const frames: Uint8Array[] = [];
    if (!joined.isEmpty) frames.push(hubFrame(HubEvent.joined, joined.at(pattern)));
    if (!left.isEmpty) frames.push(hubFrame(HubEvent.left, left.at(pattern)));
    if (frames.length === 0) return undefined;
    this.joined = new Names();
    this.left = new Names();
    return joinFrames(frames);
  }
}

/**
 * Who is there, by the subjects of clients at all nodes, and the clients that watch it.
 *
 * Time goes in turns. Whoever comes or goes is noted, and told at the next turn: once to each audience, whose
 * watchers are all written the same bytes. What watchers know changes at turns only, so a newcomer is told who
 * was there at the turn, and the next turn's news begin where that ends. A watcher whose stream is full misses
 * news, and is told again who is there.
 *
 * Without watchers nothing is noted and no timer runs.
 */
export class Presence {
  /** Is told how many more streams an attendance has at this node, or how many fewer. */
  tellOthers: (key: string, difference: number) => void = () => {};
  readonly #options: PresenceOptions;
  readonly #roster = new Roster();
  readonly #audiences = new Map<string, Audience>();
  readonly #byTopic = new PatternIndex<Audience>();
  readonly #watching = new Map<Client, readonly Audience[]>();
  /** They are to be told at the next turn. */
  readonly #new = new Set<Attendance>();
  /** They have no streams any more. */
  readonly #leaving = new Set<Attendance>();
  #searches = 0;
  #isTurning = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** A client has been added. */
  arrived(client: Client): void {
    this.#changeHere(client, 1);
  }

  /** A client has been removed. */
  gone(client: Client): void {
    this.#changeHere(client, -1);
    this.#unwatch(client);
  }

  /**
   * Other nodes have this many streams of an attendance.
   *
   * @param silentFor for how long nothing was heard of a node that had some, in ms.
   * @throws TypeError when the key is none.
   */
  changedElsewhere(key: string, streams: number, silentFor = 0): void {
    const attendance = this.#roster.get(key) ?? this.#roster.add(key);
    attendance.elsewhere = streams;
    this.#changed(attendance, silentFor);
  }

  /** Tells a client from now on who is at its topics. */
  watch(client: Client): void {
    const patterns = new Set(patternsOf(client.subscription.interest));
    const audiences = [...patterns].map((pattern) => this.#audienceOf(pattern));
    for (const { uninformed } of audiences) uninformed.add(client);
    this.#watching.set(client, audiences);
    this.#timer ??= setInterval(() => void this.turn(), TELL_INTERVAL_MS);
  }

  /** The subjects that have a stream for a topic, or for one of a pattern. */
  subjectsAt(pattern: string): Awaitable<ReadonlySet<string>> {
    return inSlices(this.#subjectsAt(pattern, ({ here, elsewhere }) => here + elsewhere > 0));
  }

  /** Tells all who watch what has changed since the last turn. */
  turn(): Awaitable<void> {
    if (this.#isTurning) return;
    this.#isTurning = true;
    const turned = inSlices(this.#turn());
    if (turned instanceof Promise) return turned.finally(() => this.#endTurn());
    this.#endTurn();
  }

  #endTurn(): void {
    this.#isTurning = false;
  }

  #changeHere(client: Client, difference: number): void {
    const key = attendanceKey(client);
    if (key === undefined) return;
    const attendance = this.#roster.get(key) ?? this.#roster.add(key);
    attendance.here += difference;
    this.#changed(attendance, 0);
    this.tellOthers(key, difference);
  }

  #changed(attendance: Attendance, silentFor: number): void {
    const { here, elsewhere, told } = attendance;
    const isWatched = this.#audiences.size > 0;
    const until = this.#options.clock.now() + GRACE_MS - silentFor;
    attendance.leavesAt = Math.max(attendance.leavesAt, until);
    if (here + elsewhere > 0) {
      this.#leaving.delete(attendance);
      if (told) return;
      if (isWatched) this.#new.add(attendance);
      else attendance.told = true;
      return;
    }
    if (isWatched) this.#leaving.add(attendance);
    else this.#roster.remove(attendance);
  }

  #audienceOf(pattern: string): Audience {
    const known = this.#audiences.get(pattern);
    if (known) return known;
    const audience = new Audience(pattern);
    this.#audiences.set(pattern, audience);
    this.#byTopic.add(pattern, audience);
    return audience;
  }

  #unwatch(client: Client): void {
    const audiences = this.#watching.get(client);
    if (!audiences) return;
    this.#watching.delete(client);
    for (const audience of audiences) {
      audience.informed.delete(client);
      audience.uninformed.delete(client);
      if (!audience.isEmpty) continue;
      this.#audiences.delete(audience.pattern);
      this.#byTopic.remove(audience.pattern, audience);
    }
    if (this.#audiences.size === 0) this.#rest();
  }

  /** Nobody watches any more. */
  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const attendance of this.#new) attendance.told = true;
    for (const attendance of this.#leaving) this.#roster.remove(attendance);
    this.#new.clear();
    this.#leaving.clear();
  }

  *#turn(): Generator<void, void, void> {
    for (const attendance of this.#new) {
      this.#new.delete(attendance);
      for (const { joined } of this.#unawareOf(attendance)) joined.add(attendance.subject);
      attendance.told = true;
      yield;
    }
    const now = this.#options.clock.now();
    for (const attendance of this.#leaving) {
      if (attendance.leavesAt > now) continue;
      this.#leaving.delete(attendance);
      this.#roster.remove(attendance);
      for (const { left } of this.#unawareOf(attendance)) left.add(attendance.subject);
      yield;
    }
    for (const audience of this.#audiences.values()) yield* this.#tell(audience);
  }

  /** The audiences of an attendance for which its subject is not there by another one. */
  *#unawareOf({ subject, patterns }: Attendance): Generator<Audience, void, void> {
    for (const audience of this.#audiencesOf(patterns)) {
      if (!this.#roster.isToldAt(subject, audience.pattern)) yield audience;
    }
  }

  #audiencesOf(patterns: readonly string[]): readonly Audience[] {
    const found: Audience[] = [];
    const search = ++this.#searches;
    const add = (audience: Audience) => {
      if (audience.foundBy === search) return;
      audience.foundBy = search;
      found.push(audience);
    };
    for (const pattern of patterns) {
      if (isName(pattern)) this.#byTopic.find(pattern, add);
      else for (const one of this.#audiences.values()) if (overlaps(pattern, one.pattern)) add(one);
    }
    return found;
  }

  *#tell(audience: Audience): Generator<void, void, void> {
    const { isReady, write } = this.#options;
    const { informed, uninformed, pattern } = audience;
    const news = audience.takeNews();
    if (news) {
      for (const client of informed) {
        if (isReady(client)) write(client, news);
        else {
          informed.delete(client);
          uninformed.add(client);
        }
        yield;
      }
    }
    let present: Uint8Array | undefined;
    for (const client of uninformed) {
      yield;
      if (!isReady(client)) continue;
      present ??= hubFrame(HubEvent.present, (yield* this.#present(pattern)).at(pattern));
      // It may have gone meanwhile, or its stream may be full.
      if (!uninformed.has(client) || !isReady(client)) continue;
      uninformed.delete(client);
      informed.add(client);
      write(client, present);
    }
  }

  *#present(pattern: string): Generator<void, Names, void> {
    const names = new Names();
    const subjects = yield* this.#subjectsAt(pattern, ({ told }) => told);
    for (const subject of subjects) names.add(subject);
    return names;
  }

  *#subjectsAt(
    pattern: string,
    counts: (attendance: Attendance) => boolean,
  ): Generator<void, ReadonlySet<string>, void> {
    const subjects = new Set<string>();
    for (const attendance of this.#roster.at(pattern)) {
      if (attendance && counts(attendance)) subjects.add(attendance.subject);
      yield;
    }
    return subjects;
  }
}

/** Whether a pattern is a topic's name. */
function isName(pattern: string): boolean {
  return prefixOf(pattern) === undefined && !isMatcherText(pattern);
}
