import { signal } from "@preact/signals";
import { isHubEvent } from "../../../protocol/hub-events.ts";
import { isRecord, parseJson } from "../../../sdk/narrow.ts";
import { type Connection, type Message, Stream } from "../data/stream.ts";
import * as format from "../format.ts";

/** What a trial asks for. */
export interface TrialRequest {
  /** Mercure's is the dialect that its client libraries speak. */
  readonly protocol: "tidings" | "mercure";
  readonly topics: readonly string[];
  readonly types: readonly string[];
  readonly lastEventId: string;
}

/** The route of Mercure's subscribers, below the hub's address. */
export const MERCURE_ROUTE = ".well-known/mercure";

/** The topics that the hub is asked for. Mercure has a name for all of them, and no types. */
export function topicsOf({ protocol, topics }: TrialRequest): readonly string[] {
  return protocol === "mercure" && topics.length === 0 ? ["*"] : topics;
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
  #request: TrialRequest = { protocol: "tidings", topics: [], types: [], lastEventId: "" };
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
    const { protocol, types } = this.#request;
    const isMercure = protocol === "mercure";
    this.#stream = new Stream({
      path: isMercure ? MERCURE_ROUTE : "events",
      topics: topicsOf(this.#request),
      types: isMercure ? [] : types,
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
    } else if (state === "open" && this.#request.protocol === "mercure") {
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

  #add(line: Omit<TrialLine, "key" | "time">): void {
    this.#pending.push({ ...line, key: this.#keys++, time: Date.now() });
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
