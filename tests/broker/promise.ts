import { expect } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import type { Interest } from "../../src/broker/interest.ts";
import type { ClientHandle } from "../../src/broker/options.ts";
import type { EventInput } from "../../src/events/event-input.ts";
import type { Entry } from "../../src/log/entry.ts";
import { IdConflict, type Store, TopicEnded } from "../../src/log/store.ts";
import { HubEvent, isHubEvent } from "../../src/protocol/hub-events.ts";
import { parsePlace, placeOwed, placeText } from "../../src/protocol/place.ts";
import { entry } from "../log/draft.ts";
import type { Read } from "../protocol/read.ts";
import { until } from "../until.ts";
import { addCrowd } from "./crowd.ts";
import { FaultyStore } from "./faulty-store.ts";
import { ReaderSink } from "./reader-sink.ts";

/** What a client that connects says of where it left off: an event of the past by its id or place, … */
export type From =
  | "now"
  | "earliest"
  | "unknown"
  | "000000000000-3"
  | "bbbbbbbbbbbb-3"
  | "beginning"
  | { readonly id: number }
  | { readonly place: number };

export type Step =
  | { readonly do: "publish"; readonly events: readonly EventInput[] }
  | { readonly do: "connect"; readonly interest: Interest; readonly from: From }
  | { readonly do: "come back" | "leave" | "fail" | "stall" | "drain"; readonly client: number }
  | { readonly do: "open"; readonly topic: string }
  | { readonly do: "turn"; readonly count: number }
  | { readonly do: "pass"; readonly milliseconds: number }
  | { readonly do: "lose"; readonly from: number; readonly count: number }
  | { readonly do: "roll back"; readonly count: number }
  | { readonly do: "clear"; readonly type: string; readonly topic: string | undefined }
  | { readonly do: "restart" };

/** Stores that have the same log, each for a node of the hub. */
export interface SharedLog {
  readonly stores: readonly Store[];
  readonly head: number;
  readonly earliest: number | undefined;
  close(): Promise<void>;
}

export interface Options {
  /** Opens the store, or those of several nodes; what it holds from before is passed on by `lasts`. */
  readonly open: (clock: () => number) => Store | Promise<SharedLog>;
  /** Whether an opened store holds what the one before it held. */
  readonly lasts: boolean;
  readonly stallTimeout: number;
  readonly keepAlive: number;
  /** Whether there are so many other clients that events gather between deliveries. */
  readonly crowd?: boolean;
}

/** The log as a client may see it: what was delivered, by position, and which of that can be gone. */
interface History {
  /** The word of its first life. */
  readonly word: string | undefined;
  readonly entries: Entry[];
  /** The positions that the store has lost at some time. */
  readonly lost: Set<number>;
  /** The topics that were opened again, and after which position. */
  readonly opened: { readonly topic: string; readonly after: number }[];
  /** The current values that were cleared, and where the log stood then at most. */
  readonly cleared: { readonly key: string; readonly at: number }[];
  /** The position of the oldest event that is held, or of the next, at the end. */
  earliest: number;
}

interface Connection {
  readonly broker: Broker;
  readonly sink: ReaderSink;
  readonly handle: ClientHandle;
  readonly interest: Interest;
  readonly resume: string | undefined;
  /** Where the log stood at its node when it connected, or when it has lost that. */
  head: number;
  /** The same for the hub, which may have been ahead. */
  readonly hubHead: number;
  readonly gone: number;
  history: History;
  /** What came after this position was rolled back while it was connected. */
  rolledBackTo: number;
  isOpen: boolean;
}

/**
 * Runs a schedule, and holds what every client was sent against the promise: each event that is for
 * it once and in order, or a gap that is told before anything is missing.
 */
export async function assertPromise(steps: readonly Step[], options: Options): Promise<void> {
  const connections: Connection[] = [];
  const publishing: Promise<unknown>[] = [];
  let history: History = {
    word: undefined,
    entries: [],
    lost: new Set(),
    opened: [],
    cleared: [],
    earliest: 1,
  };
  let now = 1_000_000;
  let store: Store | SharedLog;
  let brokers: readonly Broker[] = await start();
  /** Takes its turn with the other nodes. */
  let turns = 0;
  const nextBroker = () => brokers[turns++ % brokers.length] as Broker;

  async function start(): Promise<readonly Broker[]> {
    const { stallTimeout, keepAlive, crowd } = options;
    const opened = options.open(() => now);
    store = opened instanceof Promise ? await opened : opened;
    const stores = "stores" in store ? store.stores : [store];
    const all = stores.map((one) => new Broker({ store: one, keepAlive, stallTimeout }));
    const [started] = all;
    if (!started) throw new Error("a hub without a node");
    if (!started.log.started) await until(() => started.log.started);
    if (!options.lasts || history.word === undefined) {
      const { word } = parsePlace(started.log.place(0)) ?? {};
      history = { word, entries: [], lost: new Set(), opened: [], cleared: [], earliest: 1 };
    }
    started.observe((entries) => {
      const [first] = entries;
      if (first) fillUpTo(first.position - 1, started);
      history.entries.push(...entries);
    });
    if (crowd) addCrowd(started);
    return all;
  }

  /** A place that no event has is one that a value was cleared at, or a topic opened. */
  function fillUpTo(position: number, { log }: Broker): void {
    const { entries } = history;
    for (let next = entries.length + 1; next <= position; next++) {
      const { word = "" } = parsePlace(log.place(next)) ?? {};
      entries.push(entry(next, { word, erased: true }));
    }
  }

  function logOf(broker: Broker): Pick<SharedLog, "head" | "earliest"> {
    return "stores" in store ? store : broker.log;
  }

  /** All that was kept has been told to every node. */
  async function settle(): Promise<void> {
    await until(() => brokers.every((broker) => broker.log.head === logOf(broker).head));
  }

  function connect(interest: Interest, resume: string | undefined): void {
    const sink = new ReaderSink();
    const broker = nextBroker();
    const { head, earliest = head + 1 } = broker.log;
    const hubHead = logOf(broker).head;
    const handle = broker.addClient(sink, { interest, lastEventId: resume });
    const connection = {
      broker,
      hubHead,
      sink,
      handle,
      interest,
      resume,
      history,
      head,
      gone: earliest - 1,
      rolledBackTo: Number.POSITIVE_INFINITY,
      isOpen: true,
    };
    connections.push(connection);
    void handle.closed.then(() => {
      connection.isOpen = false;
    });
  }

  function cursorOf(from: From): string | undefined {
    if (from === "now") return undefined;
    if (from === "beginning") return brokers[0]?.log.place(0);
    if (typeof from === "string") return from;
    const { entries } = history;
    const entry = entries[("id" in from ? from.id : from.place) % Math.max(1, entries.length)];
    if (!entry) return "unknown";
    // A place that no event has has no id either.
    return "id" in from && !entry.erased ? entry.id : placeText(entry);
  }

  const headNow = () => brokers[0]?.log.head ?? 0;

  function noteEarliest(): void {
    const [broker] = brokers;
    if (!broker) return;
    const { head, earliest = head + 1 } = logOf(broker);
    history.earliest = earliest;
  }

  async function end(): Promise<void> {
    await Promise.all(brokers.map((broker) => broker.log.settled()));
    await settle();
    await Promise.all(brokers.map((broker) => broker.close()));
    noteEarliest();
    if ("stores" in store) await store.close();
  }

  async function rollBack(to: number): Promise<void> {
    if (!(store instanceof FaultyStore) || to >= headNow()) return;
    store.rollBack(to);
    const { entries, lost } = history;
    const gone = entries.slice(to).map(({ position }) => position);
    history = {
      ...history,
      entries: entries.slice(0, to),
      lost: new Set([...lost, ...gone]),
    };
    // Who is removed has been told of it by then.
    await Promise.resolve();
    // Those that stay have seen nothing of what is gone; the others were sent what was so at the time.
    for (const connection of connections) {
      if (!connection.isOpen) continue;
      connection.history = history;
      connection.rolledBackTo = Math.min(connection.rolledBackTo, to);
      connection.head = Math.min(connection.head, to);
    }
  }

  function lose(from: number, count: number): void {
    if (!(store instanceof FaultyStore)) return;
    const to = Math.min(from + count, headNow());
    store.lose(from, to);
    for (let position = from; position <= to; position++) history.lost.add(position);
  }

  async function take(step: Step): Promise<void> {
    switch (step.do) {
      case "publish":
        publishing.push(
          nextBroker()
            .publishBatch(step.events)
            .catch((error) => expect(error instanceof IdConflict || error instanceof TopicEnded).toBeTrue()),
        );
        return;
      case "connect":
        connect(step.interest, cursorOf(step.from));
        return;
      case "open": {
        await Promise.all(publishing);
        await settle();
        // Whoever observes is told when events are written, which may be later.
        await until(() => history.entries.length >= headNow());
        const after = headNow();
        const ended = endsIn(history).at(-1)?.topics ?? new Map();
        expect(await nextBroker().log.openTopic(step.topic)).toBe(ended.has(step.topic));
        history.opened.push({ topic: step.topic, after });
        fillUpTo(headNow(), brokers[0] as Broker);
        return;
      }
      case "turn":
        for (let i = 0; i < step.count; i++) await new Promise(setImmediate);
        return;
      case "clear": {
        const { type, topic } = step;
        const cleared = history.cleared;
        publishing.push(
          nextBroker()
            .log.clearCurrent(type, topic)
            .then((isCleared) => {
              if (isCleared) cleared.push({ key: keyOf(type, topic), at: logOf(brokers[0] as Broker).head });
            }),
        );
        return;
      }
      case "pass":
        now += step.milliseconds;
        return;
      case "lose":
        lose(1 + (step.from % Math.max(1, headNow())), step.count);
        return;
      case "roll back":
        await rollBack(Math.max(0, headNow() - step.count));
        return;
      case "restart":
        await end();
        brokers = await start();
        return;
    }
    const connection = connections[step.client % Math.max(1, connections.length)];
    if (!connection) return;
    const { broker, sink, handle, interest, resume } = connection;
    if (step.do === "stall") sink.stall();
    if (step.do === "drain") sink.drain();
    if (step.do === "fail") sink.fail();
    if (step.do === "leave" || step.do === "come back") broker.removeClient(handle.id);
    if (step.do === "come back") {
      const last = sink.read.events.findLast(({ id }) => id !== undefined);
      connect(interest, last?.id ?? resume);
    }
  }

  for (const step of steps) await take(step);
  await Promise.all(publishing);
  for (const { sink } of connections) sink.drain();
  await settle();
  await until(() => brokers.every((broker) => broker.behindCount === 0));
  noteEarliest();
  if (brokers[0] && !(brokers[0].log.store instanceof FaultyStore)) fillUpTo(headNow(), brokers[0]);
  assertEndsKept(history);
  for (const connection of connections) assertKept(connection);
  for (const connection of connections) {
    if (connection.history === history) await assertEnded(connection, brokers);
  }
  await end();
}

/** The topics that have ended in a stretch of the log, with whether the end of each is private. */
interface Ends {
  readonly index: number;
  /** The stretch begins at this position. */
  readonly from: number;
  /** It ends at this one; a topic was opened after it, or another event came. */
  to: number;
  readonly topics: ReadonlyMap<string, boolean>;
}

/** Which topics had ended, stretch by stretch. Those without a change are one. */
function endsIn({ entries, opened }: History): Ends[] {
  const all: Ends[] = [{ index: 0, from: 0, to: 0, topics: new Map() }];
  const opens = [...opened];
  const openUntil = (position: number): void => {
    for (let next = opens[0]; next && next.after <= position; next = opens[0]) {
      opens.shift();
      const topics = new Map(all.at(-1)?.topics);
      topics.delete(next.topic);
      all.push({ index: all.length, from: next.after, to: next.after, topics });
    }
  };
  for (const { position, end, topics, private: isPrivate } of entries) {
    openUntil(position - 1);
    if (end) {
      const ended = new Map([
        ...(all.at(-1)?.topics ?? []),
        ...topics.map((one) => [one, isPrivate] as const),
      ]);
      all.push({ index: all.length, from: position, to: position, topics: ended });
    }
    (all.at(-1) as Ends).to = position;
  }
  openUntil(Number.POSITIVE_INFINITY);
  return all;
}

/** Nothing was kept on a topic after its end. */
function assertEndsKept(history: History): void {
  for (const { from, to, topics: ended } of endsIn(history)) {
    const within = history.entries.filter(({ position }) => position > from && position <= to);
    for (const { topics } of within) expect(topics.filter((topic) => ended.has(topic))).toEqual([]);
  }
}

/** The stretches in which all that a client asks for had ended, as far as it may know. */
function overIn({ interest, history }: Connection): Ends[] {
  const { topics, privateTopics = [] } = interest;
  if (topics.length === 0 || topics.some((topic) => topic.endsWith("*"))) return [];
  return endsIn(history).filter(({ topics: ended }) =>
    topics.every(
      (topic) =>
        ended.get(topic) === false ||
        (ended.get(topic) === true && covers(privateTopics, { topics: [topic] })),
    ),
  );
}

/** Whether the hub has ended its stream because its topics have ended: it is told to come back soon. */
function wasEnded({ sink }: Connection): boolean {
  return sink.read.retries.length > 1;
}

/** A stream stays open if and only if there is something to come, and who comes back with all of it is told. */
async function assertEnded(connection: Connection, brokers: readonly Broker[]): Promise<void> {
  const { isOpen, sink, interest, history } = connection;
  const over = overIn(connection);
  const isOver = over.at(-1)?.index === endsIn(history).length - 1;
  if (isOpen) expect(isOver).toBeFalse();
  if (!wasEnded(connection) || !isOver) return;
  const cursor = sink.read.events.findLast(({ id }) => id !== undefined)?.id ?? "";
  const position = parsePlace(cursor)?.position ?? -1;
  expect(over.some(({ from, to }) => position >= from && position <= to)).toBeTrue();
  // Its topics may have been opened again and ended once more, and then there is more for it.
  const last = over.findLast(({ index }, i) => over[i - 1]?.index !== index - 1);
  const hasAll = position >= (last?.from ?? 0);
  for (const broker of brokers) expect(await broker.hasAll(interest, cursor)).toBe(hasAll);
}

type Received = Read["events"][number];

/** Holds one connection to the promise. */
function assertKept(connection: Connection): void {
  const { sink, resume, history, head, hubHead, gone, rolledBackTo, interest, isOpen } = connection;
  const [connected, ...rest] = sink.read.events;
  expect(connected?.event).toBe(HubEvent.connected);
  const walk = new Walk(connection);
  let begins: number[];
  if (resume === undefined) {
    expect(connected?.id).toMatch(new RegExp(`-${head}(\\.current)?$`));
    begins = [head];
  } else if (resume === "earliest") {
    expect(connected?.id).toMatch(new RegExp(`-${gone}$`));
    // It is for what is held when it is read: in a log that has been rolled back, from there on.
    const first = Math.min(gone, rolledBackTo);
    const latest = Math.max(gone, history.earliest - 1, ...history.lost);
    begins = Array.from({ length: latest + 1 - first }, (_, i) => first + i);
  } else {
    expect(connected?.id).toBe(resume);
    begins = walk.positionsOf(placeOwed(resume) ?? resume);
    // Nobody knows yet where it began.
    if (rest.length === 0 && !isOpen) return;
  }
  const [first] = rest;
  // A cursor that is not known, or whose events are gone, begins with a gap.
  const beginsWithGap = first?.event === HubEvent.gap && JSON.parse(first.data).requested === resume;
  const owes = placeOwed(connected?.id ?? "") !== undefined;
  const fits =
    begins.some((begin) => walk.fits(rest, begin, owes ? 0 : undefined)) ||
    (beginsWithGap &&
      begins.every((begin) => begin > hubHead || begin < history.earliest || history.lost.has(begin)) &&
      walk.afterGap(first, head).some((position) => walk.fits(rest.slice(1), position, 0)));
  const ids = history.entries.filter((entry) => isFor(interest, entry)).map(({ id }) => id);
  expect(
    fits,
    `${JSON.stringify(rest.map(({ id, event, data }) => ({ id, event, data: event?.startsWith("tidings") ? data : data.slice(0, 9) })))} of ${ids}, begins ${begins}, ${JSON.stringify({ resume, isOpen, head, gone, earliest: history.earliest, lost: [...history.lost] })}`,
  ).toBeTrue();

  const ends = rest.filter(({ event }) => event === HubEvent.resumed);
  expect(ends.length).toBeLessThanOrEqual(resume === undefined ? 0 : 1);
  if ((isOpen || wasEnded(connection)) && resume !== undefined) expect(ends).toHaveLength(1);
  const [end] = ends;
  if (!end) return;
  // Current values have no id.
  const isEvent = ({ event = "message", id }: Received) => id !== undefined && !isHubEvent(event);
  const before = rest.slice(0, rest.indexOf(end)).filter(isEvent);
  expect(JSON.parse(end.data)).toEqual({ from: resume, count: before.length });
}

/** Goes along what a client was sent, from a position in the log. */
class Walk {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Whether all that was sent is what comes after the position.
   *
   * @param valuesAfter first come the current values between this position and that one
   */
  fits(sent: readonly Received[], from: number, valuesAfter?: number): boolean {
    let position = from;
    const events = valuesAfter === undefined ? sent : this.#afterValues(sent, valuesAfter, from);
    if (!events) return false;
    for (const [i, event] of events.entries()) {
      const name = event.event ?? "message";
      if (!isHubEvent(name)) {
        const next = this.#next(position);
        if (!next || next.id !== event.id || next.type !== event.event || next.json !== event.data)
          return false;
        position = next.position;
        continue;
      }
      if (name === HubEvent.resumed) continue;
      if (name === HubEvent.position) {
        const to = this.#positionOf(event.id ?? "");
        if (to === undefined || !this.#hasNothing(position, to)) return false;
        position = to;
        continue;
      }
      if (name !== HubEvent.gap) return false;
      const { requested } = JSON.parse(event.data);
      const begin = this.#positionOf(requested) ?? this.#rolledBack(requested);
      if (begin === undefined || !this.#hasNothing(position, begin)) return false;
      return this.afterGap(event, begin).some(
        (end) => end >= begin && this.#isGone(begin, end) && this.fits(events.slice(i + 1), end, begin),
      );
    }
    const { isOpen, history } = this.#connection;
    if (isOpen) return this.#hasNothing(position, history.entries.length);
    if (!wasEnded(this.#connection)) return true;
    return overIn(this.#connection).some(({ from, to }) =>
      position >= from ? position <= to : this.#hasNothing(position, from),
    );
  }

  /**
   * What was sent after the current values, if those are right: the newest of each type and topic, each once,
   * oldest first. One that is replaced or cleared later may be lacking.
   */
  #afterValues(sent: readonly Received[], after: number, upTo: number): readonly Received[] | undefined {
    const isValue = ({ event = "message", id }: Received) => id === undefined && !isHubEvent(event);
    const end = sent.findIndex((event) => !isValue(event));
    const values = end < 0 ? sent : sent.slice(0, end);
    const isComplete = sent[end]?.event === HubEvent.current;
    if (isComplete) {
      const { id, data } = sent[end] ?? {};
      if (this.#positionOf(id ?? "") !== upTo) return undefined;
      if (JSON.parse(data ?? "").count !== values.length) return undefined;
    }
    const { history, interest, isOpen } = this.#connection;
    const retained = history.entries.filter(({ retain }) => retain);
    const newest = new Map<string, Entry>();
    for (const entry of retained) {
      if (entry.position > upTo) break;
      for (const key of keysOf(entry)) newest.set(key, entry);
    }
    const visible = [...newest].filter(
      ([key, entry]) => entry.position > after && isShown(interest, entry, key),
    );
    let position = after;
    for (const value of values) {
      const found = visible
        .map(([, entry]) => entry)
        .filter(
          (entry) => entry.position > position && entry.type === value.event && entry.json === value.data,
        )
        .sort((a, b) => a.position - b.position)[0];
      if (!found) return undefined;
      position = found.position;
    }
    const needed = visible.filter(
      ([key, { position }]) =>
        !history.cleared.some((each) => each.key === key && each.at >= position) &&
        !retained.some((entry) => entry.position > upTo && keysOf(entry).includes(key)),
    );
    const isLacking = needed.some(
      ([, { type, json }]) => !values.some(({ event, data }) => event === type && data === json),
    );
    // One that has left may have been sent a part of them.
    if (isLacking && (isComplete || isOpen || end >= 0)) return undefined;
    if (isComplete) return sent.slice(end + 1);
    return values.length > 0 && (isOpen || end >= 0) ? undefined : sent.slice(values.length);
  }

  /** The positions after which a client may go on that was told of a gap. */
  afterGap({ data }: Received, atLeast: number): number[] {
    const { earliest } = JSON.parse(data);
    const { rolledBackTo, history } = this.#connection;
    const { entries } = history;
    if (earliest !== null) {
      const position = this.#positionOf(earliest);
      if (position !== undefined) return [position - 1];
      // It may have been rolled back further than it was when the client was told.
      const first = this.#rolledBack(earliest);
      const last = Math.min((parsePlace(earliest)?.position ?? 0) - 1, entries.length);
      if (first === undefined) return [];
      return Array.from({ length: Math.max(1, last + 1 - first) }, (_, i) => first + i);
    }
    // There was nothing after it at the time.
    const first = Math.min(atLeast, entries.length, rolledBackTo);
    return Array.from({ length: entries.length + 1 - first }, (_, i) => first + i);
  }

  /** Where the cursor may stand. An id stands on several topics, or has been used again. */
  positionsOf(cursor: string): number[] {
    const place = this.#positionOf(cursor);
    if (place !== undefined) return [place];
    const { history, interest } = this.#connection;
    return history.entries
      .filter((entry) => entry.id === cursor && mayRead(interest, entry))
      .map(({ position }) => position);
  }

  #positionOf(cursor: string): number | undefined {
    const place = parsePlace(cursor);
    if (!place) return undefined;
    const { entries } = this.#connection.history;
    if (place.position === 0) return place.word === this.#connection.history.word ? 0 : undefined;
    const entry = entries[place.position - 1];
    return entry?.word === place.word ? place.position : undefined;
  }

  /** Where a client was left that had been told of a place which is no more. */
  #rolledBack(cursor: string): number | undefined {
    const { rolledBackTo } = this.#connection;
    const place = parsePlace(cursor);
    return place && Number.isFinite(rolledBackTo) ? Math.min(place.position, rolledBackTo) : undefined;
  }

  #next(position: number): Entry | undefined {
    const { history, interest } = this.#connection;
    return history.entries.slice(position).find((entry) => isFor(interest, entry));
  }

  #hasNothing(from: number, to: number): boolean {
    const { history, interest } = this.#connection;
    return to >= from && !history.entries.slice(from, to).some((entry) => isFor(interest, entry));
  }

  /** Whether events between the positions are really gone. */
  #isGone(from: number, to: number): boolean {
    const { earliest, lost } = this.#connection.history;
    for (let position = from + 1; position <= to; position++) {
      if (position >= earliest && !lost.has(position)) return false;
    }
    return true;
  }
}

function keyOf(type: string | undefined, topic: string | undefined): string {
  return JSON.stringify([type, topic ?? null]);
}

/** The type and each topic that an event may be the current value of. */
function keysOf({ type, topics }: Entry): readonly string[] {
  return topics.length === 0 ? [keyOf(type, undefined)] : topics.map((topic) => keyOf(type, topic));
}

/** Whether a reader is sent an event as the current value of a topic. */
function isShown(interest: Interest, entry: Entry, key: string): boolean {
  const [, topic]: [string, string | null] = JSON.parse(key);
  const { topics, types } = interest;
  if (types.length > 0 && !types.includes(entry.type ?? "message")) return false;
  if (topics.length > 0 && topic !== null && !covers(topics, { topics: [topic] })) return false;
  return mayRead(interest, entry);
}

function covers(patterns: readonly string[], { topics }: Pick<Entry, "topics">): boolean {
  return topics.some((topic) =>
    patterns.some((pattern) =>
      pattern.endsWith("*") ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern,
    ),
  );
}

function mayRead({ privateTopics = [] }: Interest, entry: Entry): boolean {
  return !entry.private || covers(privateTopics, entry);
}

function isFor(interest: Interest, entry: Entry): boolean {
  const { topics, types } = interest;
  if (entry.erased) return false;
  if (types.length > 0 && !types.includes(entry.type ?? "message")) return false;
  if (topics.length > 0 && entry.topics.length > 0 && !covers(topics, entry)) return false;
  return mayRead(interest, entry);
}
