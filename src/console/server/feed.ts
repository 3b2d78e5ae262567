import type { Broker } from "../../broker/broker.ts";
import { mayRead, type PrivateTopics, toPrivateTopics } from "../../broker/interest.ts";
import { type EventSink, writeTo } from "../../broker/sink.ts";
import type { StatusOf } from "../../http/status/hub-status.ts";
import { jsonOf } from "../../log/data-text.ts";
import type { Entry } from "../../log/entry.ts";
import type {
  ConsoleEvent,
  ConsoleEvents,
  PastFigures,
  TallyCounts,
  Tick,
} from "../../protocol/console-feed.ts";
import { DEFAULT_TYPE, encodeFrame } from "../../protocol/frame.ts";
import type { Status } from "../../protocol/status.ts";

/** The time between two ticks, in ms. */
const TICK_INTERVAL_MS = 1000;
/** Events within this time are sent together, in ms: a page draws no faster. */
const WINDOW_MS = 100;
/** The most events of one window. The others are only counted. */
const MAX_SHOWN_EVENTS = 250;
/** The most held events at the beginning of a feed. */
const BACKLOG_EVENTS = 200;

export interface FeedOptions {
  readonly signal: AbortSignal;
  readonly status: StatusOf;
  /** The figures of the last minutes. */
  readonly past: PastFigures;
  /** Whether the page showed a key. */
  readonly keyed: boolean;
  /** The topics whose private events the page may read. */
  readonly privateTopics: readonly string[];
}

/**
 * The event stream of the console: the figures of the last minutes (`past`), figures once a second (`tick`), and events at most ten times a second
 * (`events`). It stays small however much is published: rates are counted here, over all events, and of
 * many events only the newest are sent.
 *
 * It is not a client, so no count includes it, and the hub never waits for it.
 */
export class Feed {
  readonly #broker: Broker;
  readonly #status: StatusOf;
  readonly #sink: EventSink;
  readonly #keyed: boolean;
  readonly #privateTopics: PrivateTopics;
  readonly #stopObserving: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #window: ReturnType<typeof setTimeout> | undefined;
  #shown: ConsoleEvent[] = [];
  #passedOver = 0;
  readonly #types = new Tally();
  readonly #topics = new Tally();
  #latencySum = 0;
  #latencyCount = 0;
  #latencyMax = 0;
  /** Whether the stream is full. Until there is room, figures and events are skipped. */
  #full = false;
  #ended = false;

  /** Ends when the page goes away, when the signal aborts or when the broker closes. */
  constructor(broker: Broker, sink: EventSink, { status, past, signal, keyed, privateTopics }: FeedOptions) {
    this.#broker = broker;
    this.#status = status;
    this.#keyed = keyed;
    this.#privateTopics = toPrivateTopics(privateTopics);
    this.#sink = sink;
    this.#stopObserving = broker.observe((entries, took) => this.#see(entries, took));
    this.#timer = setInterval(() => void this.#tick(), TICK_INTERVAL_MS);
    if (signal.aborted) this.end();
    else signal.addEventListener("abort", () => this.end(), { once: true });
    this.#send("past", past);
    void this.#tick();
    void this.#sendBacklog();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopObserving();
    clearInterval(this.#timer);
    clearTimeout(this.#window);
    try {
      this.#sink.close();
    } catch {
      // The page has closed the stream already.
    }
  }

  async #sendBacklog(): Promise<void> {
    const { log } = this.#broker;
    try {
      const held = await log.read(Math.max(0, log.head - BACKLOG_EVENTS), BACKLOG_EVENTS);
      this.#send("events", {
        backlog: true,
        events: held.entries.filter((entry) => mayRead(this.#privateTopics, entry)).map(summaryOf),
        skipped: 0,
      });
    } catch {
      // A store that can't be read is told of by /status; the feed goes on without the past.
    }
  }

  #see(delivered: readonly Entry[], took: number): void {
    this.#latencySum += took;
    this.#latencyCount++;
    this.#latencyMax = Math.max(this.#latencyMax, took);
    const entries = delivered.filter((entry) => mayRead(this.#privateTopics, entry));
    for (const { type = DEFAULT_TYPE, topics } of entries) {
      this.#types.add(type);
      for (const topic of topics) this.#topics.add(topic);
    }
    const room = this.#full ? 0 : MAX_SHOWN_EVENTS - this.#shown.length;
    const first = Math.max(0, entries.length - Math.max(0, room));
    this.#passedOver += first;
    for (const entry of entries.slice(first)) this.#shown.push(summaryOf(entry));
    this.#window ??= setTimeout(() => this.#sendWindow(), WINDOW_MS);
  }

  #sendWindow(): void {
    this.#window = undefined;
    if (this.#full) {
      this.#passedOver += this.#shown.length;
      this.#shown = [];
      return;
    }
    const events = this.#shown;
    const skipped = this.#passedOver;
    this.#shown = [];
    this.#passedOver = 0;
    this.#send("events", { backlog: false, events, skipped });
  }

  async #tick(): Promise<void> {
    if (this.#broker.closed) {
      this.end();
      return;
    }
    // What was counted stays for the tick that is taken.
    if (this.#full) return;
    try {
      this.#sendTick(await this.#status(), await this.#oldest());
    } catch {
      // The figures of nodes that are all away are for the next.
    }
  }

  /** When the oldest event that is held was kept. A store that can't be read now has said so elsewhere. */
  async #oldest(): Promise<number | null> {
    const { log } = this.#broker;
    const { earliest } = log;
    if (earliest === undefined) return null;
    try {
      const { entries } = await log.read(earliest - 1, 1);
      return entries[0]?.keptAt ?? null;
    } catch {
      return null;
    }
  }

  #sendTick(status: Status, oldest: number | null): void {
    if (this.#full) return;
    const count = this.#latencyCount;
    this.#send("tick", {
      status,
      now: Date.now(),
      latency: count > 0 ? { mean: this.#latencySum / count, max: this.#latencyMax } : null,
      oldest,
      types: this.#types.take(),
      topics: this.#topics.take(),
      keyed: this.#keyed,
    });
    this.#latencySum = this.#latencyCount = this.#latencyMax = 0;
  }

  #send(event: "past", data: PastFigures): void;
  #send(event: "tick", data: Tick): void;
  #send(event: "events", data: ConsoleEvents): void;
  #send(event: string, data: unknown): void {
    if (this.#full || this.#ended) return;
    try {
      const room = writeTo(this.#sink, encodeFrame({ event, data: JSON.stringify(data) }));
      if (!room) return;
      this.#full = true;
      room.then(
        () => {
          this.#full = false;
        },
        () => this.end(),
      );
    } catch {
      this.end();
    }
  }
}

/** The most names in one tally. Others are left out. */
const MAX_NAMES = 10_000;
/** The most names in a list. */
const MAX_LISTED_NAMES = 50;

/** Counts how often each name occurs, in bounded memory. */
export class Tally {
  #counts = new Map<string, number>();

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count !== undefined) this.#counts.set(name, count + 1);
    else if (this.#counts.size < MAX_NAMES) this.#counts.set(name, 1);
  }

  /** Returns the counts, and begins anew. */
  take(): TallyCounts {
    const counts = this.#counts;
    this.#counts = new Map();
    const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, MAX_LISTED_NAMES);
    return { top, distinct: counts.size };
  }
}

/** The most data of an event in the feed, in characters. The page asks for the rest. */
const MAX_JSON_LENGTH = 2048;

/** An event for a list, with the beginning of its data. */
function summaryOf(entry: Entry): ConsoleEvent {
  const { id, type = DEFAULT_TYPE, topics, retry, recipients, keptAt } = entry;
  const json = jsonOf(entry);
  return {
    id,
    type,
    topics,
    json: json.length > MAX_JSON_LENGTH ? json.slice(0, MAX_JSON_LENGTH) : json,
    length: json.length,
    ...(retry !== undefined && { retry }),
    ...(entry.private && { private: true }),
    recipients,
    time: keptAt,
  };
}
