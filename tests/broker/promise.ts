import { expect } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import type { Interest } from "../../src/broker/interest.ts";
import type { ClientHandle } from "../../src/broker/options.ts";
import type { EventInput } from "../../src/events/event-input.ts";
import type { Entry } from "../../src/log/entry.ts";
import { IdConflict, type Store } from "../../src/log/store.ts";
import { placeText } from "../../src/protocol/place.ts";
import { until } from "../until.ts";
import { addCrowd } from "./crowd.ts";
import { ReaderSink } from "./reader-sink.ts";

/** What a client that connects says of where it left off; a number picks an event of the past. */
export type From = "now" | "earliest" | "unknown" | "000000000000-3" | number;

export type Step =
  | { readonly do: "publish"; readonly events: readonly EventInput[] }
  | { readonly do: "connect"; readonly interest: Interest; readonly from: From }
  | { readonly do: "come back" | "leave" | "fail" | "stall" | "drain"; readonly client: number }
  | { readonly do: "turn"; readonly count: number }
  | { readonly do: "pass"; readonly milliseconds: number }
  | { readonly do: "restart" };

export interface Options {
  /** Opens the store; what it holds from before is passed on by `lasts`. */
  readonly open: (clock: () => number) => Store;
  /** Whether an opened store holds what the one before it held. */
  readonly lasts: boolean;
  readonly stallTimeout: number;
  readonly keepAlive: number;
  /** Whether there are so many other clients that events gather between deliveries. */
  readonly crowd?: boolean;
}

interface Connection {
  readonly sink: ReaderSink;
  readonly handle: ClientHandle;
  readonly interest: Interest;
  readonly resume: string | undefined;
  /** All events of the log that it reads, when the schedule has ended. */
  readonly history: readonly Entry[];
  /** How many of those had been handed on, and how many were gone, when it connected. */
  readonly handedOn: number;
  readonly gone: number;
  isOpen: boolean;
}

/**
 * Runs a schedule, and holds what every client was sent against the promise: each event that is for
 * it once and in order, or a gap that is told before anything is missing.
 */
export async function assertPromise(steps: readonly Step[], options: Options): Promise<void> {
  const connections: Connection[] = [];
  const publishing: Promise<unknown>[] = [];
  let history: Entry[] = [];
  let now = 1_000_000;
  let broker = start();

  function start(): Broker {
    const { stallTimeout, keepAlive, crowd } = options;
    const started = new Broker({ store: options.open(() => now), keepAlive, stallTimeout });
    if (!options.lasts) history = [];
    const kept = history;
    started.observe((entries) => kept.push(...entries));
    if (crowd) addCrowd(started);
    return started;
  }

  function connect(interest: Interest, resume: string | undefined): void {
    const sink = new ReaderSink();
    const gone = (broker.log.earliest ?? broker.log.head + 1) - 1;
    const handle = broker.addClient(sink, { interest, lastEventId: resume });
    const connection = {
      ...{ sink, handle, interest, resume, history, gone },
      handedOn: history.length,
      isOpen: true,
    };
    connections.push(connection);
    void handle.closed.then(() => {
      connection.isOpen = false;
    });
  }

  function idOf(from: From): string | undefined {
    if (from === "now") return undefined;
    if (typeof from === "string") return from;
    return history[from % Math.max(1, history.length)]?.id ?? "unknown";
  }

  async function take(step: Step): Promise<void> {
    switch (step.do) {
      case "publish":
        publishing.push(
          broker.publishBatch(step.events).catch((error) => expect(error).toBeInstanceOf(IdConflict)),
        );
        return;
      case "connect":
        connect(step.interest, idOf(step.from));
        return;
      case "turn":
        for (let i = 0; i < step.count; i++) await new Promise(setImmediate);
        return;
      case "pass":
        now += step.milliseconds;
        return;
      case "restart":
        assertNotOutrun();
        await broker.close();
        broker = start();
        return;
    }
    const connection = connections[step.client % Math.max(1, connections.length)];
    if (!connection) return;
    const { sink, handle, interest, resume } = connection;
    if (step.do === "stall") sink.stall();
    if (step.do === "drain") sink.drain();
    if (step.do === "fail") sink.fail();
    if (step.do === "leave" || step.do === "come back") broker.removeClient(handle.id);
    if (step.do === "come back") {
      const last = sink.read.events.findLast(({ id }) => id !== undefined);
      connect(interest, last?.id ?? resume);
    }
  }

  /** The log outruns nobody while it holds everything. */
  function assertNotOutrun(): void {
    if ((broker.log.earliest ?? 2) === 1) expect(broker.totals.removed.outrun).toBe(0);
  }

  for (const step of steps) await take(step);
  await Promise.all(publishing);
  for (const { sink } of connections) sink.drain();
  await until(() => broker.behindCount === 0);
  for (const connection of connections) assertKept(connection);
  assertNotOutrun();
  await broker.close();
}

/** Holds one connection to the promise. */
function assertKept({ sink, interest, resume, history, handedOn, gone, isOpen }: Connection): void {
  const { events } = sink.read;
  const [connected, ...rest] = events;
  expect(connected?.event).toBe("connected");
  const received = rest.filter(({ id }) => id !== undefined);
  const gaps = rest.filter(({ event }) => event === "tidings.gap");
  const ends = rest.filter(({ event }) => event === "tidings.resumed");
  expect(received.length + gaps.length + ends.length).toBe(rest.length);
  expect(gaps.length + ends.length === 0 || resume !== undefined).toBeTrue();

  // Where it may have begun. With trimming at the same time, only the hub knows exactly.
  let begins: number[];
  const [gap] = gaps;
  if (resume === undefined) {
    begins = [handedOn];
  } else if (gap) {
    expect(gaps).toHaveLength(1);
    expect(rest[0]).toBe(gap);
    const { requested, earliest } = JSON.parse(gap.data);
    expect(requested).toBe(resume);
    begins =
      earliest === null
        ? range(handedOn, history.length)
        : history.flatMap((entry, i) => (placeText(entry) === earliest ? [i] : []));
    // It was told of a gap, so there was one: what it asked for is before all that was held.
    const asked = placesOf(history.slice(0, handedOn), resume).filter((place) => {
      const entry = history[place];
      // An event that it may not read is as unknown to it as one that never was.
      return entry && mayRead(interest, entry);
    });
    expect(asked.every((place) => place < Math.max(...begins))).toBeTrue();
  } else if (resume === "earliest") {
    begins = range(gone, history.length);
  } else {
    begins = placesOf(history, resume).map((place) => place + 1);
    // Not even asked for yet when it ended.
    if (received.length === 0 && ends.length === 0 && !isOpen) return;
  }
  const wanted = history.flatMap((entry, place) => (isFor(interest, entry) ? [{ entry, place }] : []));
  const fits = begins.some((begin) => {
    const from = wanted.findLastIndex(({ place }) => place < begin) + 1;
    const left = wanted.length - from;
    if (isOpen ? received.length !== left : received.length > left) return false;
    return received.every(({ id, event, data }, i) => {
      const entry = wanted[from + i]?.entry;
      return entry?.id === id && entry?.type === event && entry?.json === data;
    });
  });
  expect(fits, describe(received, begins, history, interest)).toBeTrue();

  if (resume === undefined) return;
  expect(ends.length).toBeLessThanOrEqual(1);
  const [end] = ends;
  if (isOpen) expect(end).toBeDefined();
  if (!end) return;
  const before = rest.slice(0, rest.indexOf(end)).filter(({ id }) => id !== undefined);
  expect(JSON.parse(end.data)).toEqual({ from: resume, count: before.length });
}

function placesOf(history: readonly Entry[], id: string): number[] {
  return history.flatMap((entry, i) => (entry.id === id ? [i] : []));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) + 1 }, (_, i) => from + i);
}

function isFor(interest: Interest, entry: Entry): boolean {
  const { topics, types } = interest;
  if (types.length > 0 && !types.includes(entry.type ?? "message")) return false;
  if (topics.length > 0 && entry.topics.length > 0 && !covers(topics, entry)) return false;
  return mayRead(interest, entry);
}

function mayRead({ privateTopics = [] }: Interest, entry: Entry): boolean {
  return !entry.private || covers(privateTopics, entry);
}

function covers(patterns: readonly string[], { topics }: Entry): boolean {
  return topics.some((topic) =>
    patterns.some((pattern) =>
      pattern.endsWith("*") ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern,
    ),
  );
}

function describe(
  received: readonly { id: string | undefined }[],
  begins: readonly number[],
  history: readonly Entry[],
  interest: Interest,
): string {
  const ids = history.filter((entry) => isFor(interest, entry)).map(({ id }) => id);
  return `received ${received.map(({ id }) => id)} of ${ids}, which may begin at ${begins}`;
}
