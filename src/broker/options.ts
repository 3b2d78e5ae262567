import type { Catalog } from "../events/catalog.ts";
import type { EventSchemas } from "../events/schema.ts";
import type { Clock } from "../log/clock.ts";
import type { Entry } from "../log/entry.ts";
import type { Store } from "../log/store.ts";
import type { Logger } from "../logger.ts";
import type { Client, ClientAbout, ClientState } from "./client.ts";
import type { Interest } from "./interest.ts";
import type { FormatName, KeepAliveForm } from "./stream-format.ts";

/** Options of a {@link Broker}. */
export interface BrokerOptions<Events extends EventSchemas = EventSchemas> {
  /**
   * The known event types, each with the schema of its data. Published events are checked by it.
   *
   * @defaultValue the built-in types
   */
  readonly catalog?: Catalog<Events>;
  /**
   * Refuse event types outside the catalog.
   *
   * @defaultValue false: such events may have any data
   */
  readonly strict?: boolean;
  /**
   * The time between two keep-alives of a stream, in milliseconds; 0 for no keep-alives.
   *
   * @defaultValue 15,000
   */
  readonly keepAlive?: number;
  /**
   * How long a client may stay `blocked` before it is removed, in milliseconds; 0 for ever.
   *
   * @defaultValue 30,000
   */
  readonly stallTimeout?: number;
  /**
   * Receives log lines.
   *
   * @defaultValue none: nothing is logged
   */
  readonly logger?: Logger;
  /**
   * Keeps the events of the log.
   *
   * @defaultValue a new `MemoryStore`
   */
  readonly store?: Store;
  /**
   * The clock. Tests can pass one that they set themselves.
   *
   * @defaultValue `systemClock`
   */
  readonly clock?: Clock;
}

/** Options of {@link Broker.addClient}. */
export interface ClientOptions {
  /**
   * The events that the client asks for, and those that it may read.
   *
   * @defaultValue every event that is not private
   */
  readonly interest?: Interest;
  /**
   * The id of the last event that the client had. The client is sent every later event that is still
   * held. `earliest` asks for all events that are held.
   *
   * @defaultValue none: the client is sent the events from now on
   */
  readonly lastEventId?: string | undefined;
  /**
   * The form of keep-alives: a comment, which an `EventSource` ignores, or a `tidings.alive` event,
   * which a page can see.
   *
   * @defaultValue "comment"
   */
  readonly keepAlive?: KeepAliveForm;
  /**
   * How events read: `json`, the data as JSON text; `envelope`, an object with the id, type, topics, time and
   * data; `text`, a string as it is, other data as JSON text, and no hub events.
   *
   * @defaultValue "json"
   */
  readonly format?: FormatName;
  /**
   * Whether the client is told who is at its topics, by the subjects in `about`: `tidings.present` at first, then
   * `tidings.joined` and `tidings.left`.
   *
   * @defaultValue false
   */
  readonly presence?: boolean;
  /**
   * Its id; a new one by default.
   *
   * @internal
   */
  readonly id?: string | undefined;
  /**
   * Events that come right after the greeting.
   *
   * @internal
   */
  readonly first?: Uint8Array | undefined;
  /** Removes the client when it aborts. */
  readonly signal?: AbortSignal;
  /** Who the client is, for administrators. */
  readonly about?: ClientAbout;
  /**
   * Called with `about` when the client has been removed. Unlike `closed`, one function can serve all
   * clients. An error that it throws is logged.
   */
  readonly removed?: (about: ClientAbout) => void;
}

/** The client that {@link Broker.addClient} has added. */
export interface ClientHandle {
  /** For `broker.removeClient`. */
  readonly id: string;
  /** Resolves when the client is removed or the broker closes. */
  readonly closed: Promise<void>;
}

/** A client as administrators see it: a copy, which does not change. */
export interface ClientInfo {
  /** For `broker.removeClient`. */
  readonly id: string;
  /** Who the client is. */
  readonly about: ClientAbout;
  /** The topics that the client asks for; none for every topic. */
  readonly topics: readonly string[];
  /** The event types that the client asks for; none for every type. */
  readonly types: readonly string[];
  /** When the client was added, in Unix milliseconds. */
  readonly connectedAt: number;
  /** Where it is in its life. */
  readonly state: ClientState;
  /** How far the client is behind the newest event, in positions of the log. */
  readonly lag: number;
}

/** Is told of a client that has come (1) or gone (-1). It must not throw. */
export type ClientWatcher = (client: Client, difference: 1 | -1) => void;

/**
 * Called after a delivery with its events, and with the milliseconds since the first of them was
 * published. It must not throw.
 */
export type Observer = (entries: readonly Entry[], milliseconds: number) => void;
