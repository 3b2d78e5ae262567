import { signal } from "@preact/signals";
import { isHubEvent } from "../../../protocol/hub-events.ts";
import { isRecord, parseJson } from "../../../sdk/narrow.ts";
import { type Connection, type Message, Stream } from "../data/stream.ts";
import * as format from "../format.ts";

/** `mercure` is the dialect before version 1, which its client libraries speak. */
export const protocols = { tidings: "Tidings", "mercure-1": "Mercure 1.0", mercure: "Mercure 0.x" } as const;
export type Protocol = keyof typeof protocols;

/** What a trial asks for. */
export interface TrialRequest {
  readonly protocol: Protocol;
  readonly topics: readonly string[];
  /** Of Tidings alone. */
  readonly types: readonly string[];
  /** URL patterns, of Mercure 1 alone. */
  readonly patterns: readonly string[];
  readonly lastEventId: string;
}

export const NOTHING_ASKED: TrialRequest = {
  ...{ protocol: "tidings", topics: [], types: [] },
  ...{ patterns: [], lastEventId: "" },
};

/** The route of Mercure's subscribers, below the hub's address. */
export const MERCURE_ROUTE = ".well-known/mercure";

/** What the hub is asked for, as names and values of a query. Mercure has a name for all topics. */
export function queryOf({
  protocol,
  topics,
  types,
  patterns,
}: TrialRequest): [name: string, value: string][] {
  const named = (name: string, values: readonly string[]) =>
    values.map((value): [string, string] => [name, value]);
  if (protocol === "tidings") return [...named("topic", topics), ...named("type", types)];
  const name = protocol === "mercure" ? "topic" : "match";
  const query = named(name, topics);
  if (protocol === "mercure-1") query.push(...named("match_urlpattern", patterns));
  return query.length > 0 ? query : [[name, "*"]];
}

/** One line of what a trial has met: an event, or something about the connection. */
export interface TrialLine {
  readonly key: number;
  /** Unix ms. */
  readonly time: number;
  readonly kind: "event" | "hub" | "good" | "warn" | "bad";
  /** The event's type, or what happened. */
  readonly title: string;
  readonly id?: string | undefined;
  /** The event's data, or more of what happened. */
  readonly text: string;
}

/** How many lines are kept. */
const MAX_LINES = 500;
/** How often new lines are shown, in ms. */
const SHOW_INTERVAL_MS = 60;

/** A subscription that is watched: its events, and all that befalls its connection. */
export class Trial {
  /** Undefined while it is not connected and not meant to be. */
  readonly connection = signal<Connection | undefined>(undefined);
  /** Newest first. */
  readonly lines = signal<readonly TrialLine[]>([]);
  readonly received = signal(0);
  #stream: Stream | undefined;
  #request: TrialRequest = NOTHING_ASKED;
  #lastEventId = "";
  #keys = 0;
  /** Lines that are yet to be shown, oldest first: a flood is drawn a few times a second, not a line each. */
  #pending: TrialLine[] = [];
  #received = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  open(request: TrialRequest): void {
    this.close();
    this.#request = request;
    this.#lastEventId = request.lastEventId;
    this.lines.value = [];
    this.#pending = [];
    this.received.value = this.#received = 0;
    this.#connect();
  }

  /** Hangs up, as a network does, and comes back after the last event: what an EventSource would do. */
  drop(): void {
    this.#stream?.close();
    this.#tell("warn", "dropped", "You hung up; resuming after the last event.");
    this.#connect();
  }

  close(): void {
    if (!this.#stream) return;
    this.#stream.close();
    this.#stream = undefined;
    this.connection.value = undefined;
    this.#tell("hub", "closed", "");
  }

  #connect(): void {
    const route = this.#request.protocol === "tidings" ? "events" : MERCURE_ROUTE;
    const query = new URLSearchParams(queryOf(this.#request)).toString();
    this.#stream = new Stream({
      path: query === "" ? route : `${route}?${query}`,
      lastEventId: this.#lastEventId || undefined,
      idleTimeout: 45_000,
      onConnection: (connection) => this.#turn(connection),
      onMessages: (messages) => {
        for (const message of messages) this.#take(message);
      },
    });
  }

  #turn(connection: Connection): void {
    this.connection.value = connection;
    const { state } = connection;
    if (state === "connecting") {
      const after = this.#lastEventId;
      this.#tell("hub", "connecting", after ? `with Last-Event-ID: ${after}` : "");
    } else if (state === "open" && this.#request.protocol !== "tidings") {
      // A stream of its own begins with an event that says so.
      this.#tell("good", "connected", "to the Mercure stream");
    } else if (state === "waiting") {
      const seconds = Math.round((connection.retryAt - Date.now()) / 100) / 10;
      this.#tell("warn", "lost", `${connection.reason}; trying again in ${seconds} s`);
    } else if (state === "refused") {
      this.#tell("bad", "refused", connection.reason);
    }
  }

  #take({ event, id, data }: Message): void {
    this.#lastEventId = id ?? this.#lastEventId;
    if (event === "connected") this.#tell("good", event, `client ${memberOf(data, "client_id")}`);
    else if (event === "tidings.resumed") {
      const count = Number(memberOf(data, "count"));
      const events = `${format.count(count)} ${count === 1 ? "event" : "events"}`;
      this.#tell("good", event, `${events} since ${memberOf(data, "from")}, then live`);
    } else if (event === "tidings.gap") {
      const earliest = memberOf(data, "earliest") ?? "none";
      this.#tell(
        "bad",
        event,
        `${memberOf(data, "requested")} is no longer held: events are missing. The oldest held is ${earliest}`,
      );
    } else if (!isHubEvent(event)) {
      this.#received++;
      this.#add({ kind: "event", title: event, id, text: data });
    }
  }

  #tell(kind: TrialLine["kind"], title: string, text: string): void {
    this.#add({ kind, title, text });
  }

  #add({ kind, title, id, text }: Omit<TrialLine, "key" | "time">): void {
    const shown = { title: format.visible(title), text: format.visible(text) };
    this.#pending.push({ kind, id: id && format.visible(id), ...shown, key: this.#keys++, time: Date.now() });
    if (this.#pending.length > MAX_LINES) this.#pending.shift();
    this.#timer ??= setTimeout(() => this.#show(), SHOW_INTERVAL_MS);
  }

  #show(): void {
    this.#timer = undefined;
    this.lines.value = [...this.#pending.reverse(), ...this.lines.value].slice(0, MAX_LINES);
    this.received.value = this.#received;
    this.#pending = [];
  }
}

function memberOf(json: string, name: string): unknown {
  const value = parseJson(json);
  return isRecord(value) ? value[name] : undefined;
}
