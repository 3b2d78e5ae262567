import type { Broker } from "../../broker/broker.ts";
import { mayRead, type PrivateTopics, toPrivateTopics } from "../../broker/interest.ts";
import { type EventSink, writeTo } from "../../broker/sink.ts";
import type { StatusOf } from "../../http/status/hub-status.ts";
import type { Entry } from "../../log/entry.ts";
import type { ConsoleEvent, ConsoleEvents, TallyCounts, Tick } from "../../protocol/console-feed.ts";
import { DEFAULT_TYPE, encodeFrame } from "../../protocol/frame.ts";
import type { Status } from "../../protocol/status.ts";

/** How often the figures are sent, in ms. */
const TICK = 1000;
/** Events that come within this many ms are sent together: a page draws no faster anyway. */
const WINDOW = 100;
/** How many events one window shows at most. The others are counted, and can be looked up. */
const MOST_SHOWN = 250;
/** With how many of the events that are held a feed begins. */
const BACKLOG = 200;

export interface FeedOptions {
  readonly signal: AbortSignal;
  readonly status: StatusOf;
  /** It took a key to ask for it. */
  readonly keyed: boolean;
  /** The topics whose private events it shows. Of the others it tells nothing. */
  readonly privateTopics: readonly string[];
}

/**
 * What the console draws from, as an event stream of its own: the figures once a second (`tick`), and
 * the events themselves (`events`) ten times a second at most. However much is published, it stays
 * small: rates are counted here, over all events, and of a flood only the newest are shown.
 *
 * It is no client: it is in no count, and the hub never waits for it.
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
  /** The page takes no bytes: what it would be sent is passed over until it does. */
  #full = false;
  #ended = false;

  /** Ends when the page goes away, when the signal aborts or when the broker closes. */
  constructor(broker: Broker, sink: EventSink, { status, signal, keyed, privateTopics }: FeedOptions) {
    this.#broker = broker;
    this.#status = status;
    this.#keyed = keyed;
    this.#privateTopics = toPrivateTopics(privateTopics);
    this.#sink = sink;
    this.#stopObserving = broker.observe((entries, took) => this.#see(entries, took));
    this.#timer = setInterval(() => this.#tick(), TICK);
    if (signal.aborted) this.end();
    else signal.addEventListener("abort", () => this.end(), { once: true });
    this.#tick();
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
      // The stream ended from its other side.
    }
  }

  async #sendBacklog(): Promise<void> {
    const { log } = this.#broker;
    try {
      const held = await log.read(Math.max(0, log.head - BACKLOG), BACKLOG);
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
    const room = this.#full ? 0 : MOST_SHOWN - this.#shown.length;
    const first = Math.max(0, entries.length - Math.max(0, room));
    this.#passedOver += first;
    for (const entry of entries.slice(first)) this.#shown.push(summaryOf(entry));
    this.#window ??= setTimeout(() => this.#sendWindow(), WINDOW);
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

  #tick(): void {
    if (this.#broker.closed) {
      this.end();
      return;
    }
    // What was counted stays for the tick that is taken.
    if (this.#full) return;
    const status = this.#status();
    if (!(status instanceof Promise)) this.#sendTick(status);
    // The figures of nodes that are all away are for the next.
    else
      void status.then(
        (status) => this.#sendTick(status),
        () => {},
      );
  }

  #sendTick(status: Status): void {
    if (this.#full) return;
    const count = this.#latencyCount;
    this.#send("tick", {
      status,
      now: Date.now(),
      latency: count > 0 ? { mean: this.#latencySum / count, max: this.#latencyMax } : null,
      types: this.#types.take(),
      topics: this.#topics.take(),
      keyed: this.#keyed,
    });
    this.#latencySum = this.#latencyCount = this.#latencyMax = 0;
  }

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

/** How many names are told apart within one tally; those beyond are only counted. */
const MOST_NAMES = 10_000;
/** How many are listed. */
const MOST_LISTED = 50;

/** Counts names, in bounded memory. */
export class Tally {
  #counts = new Map<string, number>();

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count !== undefined) this.#counts.set(name, count + 1);
    else if (this.#counts.size < MOST_NAMES) this.#counts.set(name, 1);
  }

  /** What was counted since the last time. */
  take(): TallyCounts {
    const counts = this.#counts;
    this.#counts = new Map();
    const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_LISTED);
    return { top, distinct: counts.size };
  }
}

/** How much of an event's data the stream of them carries, in characters; the rest is asked for. */
const MOST_JSON = 2048;

/** The event for a list, where long data is cut short. */
export function summaryOf(entry: Entry): ConsoleEvent {
  const { id, type = DEFAULT_TYPE, topics, json, retry, recipients, keptAt } = entry;
  return {
    id,
    type,
    topics,
    json: json.length > MOST_JSON ? json.slice(0, MOST_JSON) : json,
    length: json.length,
    ...(retry !== undefined && { retry }),
    ...(entry.private && { private: true }),
    recipients,
    time: keptAt,
  };
}
