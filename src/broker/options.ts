import type { Catalog } from "../events/catalog.ts";
import type { EventSchemas } from "../events/schema.ts";
import type { Clock } from "../log/clock.ts";
import type { Entry } from "../log/entry.ts";
import type { Store } from "../log/store.ts";
import type { Logger } from "../logger.ts";
import type { Client, ClientAbout, ClientState } from "./client.ts";
import type { Interest } from "./interest.ts";
import type { KeepAliveForm } from "./subscription.ts";

/** How a broker treats its clients, what may be published, and where events are kept. */
export interface BrokerOptions<Events extends EventSchemas = EventSchemas> {
  /**
   * The event types that are known, each with the schema of its data: what is published is checked by
   * it.
   *
   * @defaultValue the built-in types
   */
  readonly catalog?: Catalog<Events>;
  /**
   * Refuse event types that the catalog does not know.
   *
   * @defaultValue false: they are taken with any data
   */
  readonly strict?: boolean;
  /**
   * How often every stream is sent a comment, in milliseconds; 0 for never.
   *
   * @defaultValue 15,000
   */
  readonly keepAlive?: number;
  /**
   * How long a stream may take no bytes before its client is removed, in milliseconds; 0 for ever.
   *
   * @defaultValue 30,000
   */
  readonly stallTimeout?: number;
  /**
   * Is told of what happens.
   *
   * @defaultValue nobody
   */
  readonly logger?: Logger;
  /**
   * Where the log keeps its events.
   *
   * @defaultValue a new `MemoryStore`
   */
  readonly store?: Store;
  /**
   * Tells the time: for tests that don't wait.
   *
   * @defaultValue the system's
   */
  readonly clock?: Clock;
}

/** What is known of a client when it is added. */
export interface ClientOptions {
  /**
   * What it asks for, and what it may read.
   *
   * @defaultValue every event that is not private
   */
  readonly interest?: Interest;
  /**
   * The id of the last event that it had: it is sent what came after. `earliest` asks for all that is
   * held.
   *
   * @defaultValue it is sent what is published from now on
   */
  readonly lastEventId?: string | undefined;
  /**
   * How the client is shown that its line is alive: by a comment, which an `EventSource` passes over,
   * or by a `tidings.alive` event, which a page can watch for.
   *
   * @defaultValue "comment"
   */
  readonly keepAlive?: KeepAliveForm;
  /** Removes the client when it aborts. */
  readonly signal?: AbortSignal;
  /** Who it is, for administrators. */
  readonly about?: ClientAbout;
  /**
   * Is called with `about` when the client is removed, once it had been added: like `closed`, but one
   * function can serve all clients.
   */
  readonly removed?: (about: ClientAbout) => void;
}

/** A client as the one who added it sees it. */
export interface ClientHandle {
  /** For `broker.removeClient`. */
  readonly id: string;
  /** Resolves when the client is removed or the broker closes. */
  readonly closed: Promise<void>;
}

/** A client as administrators see it, at the moment when they ask. */
export interface ClientInfo {
  /** For `broker.removeClient`. */
  readonly id: string;
  /** Who it is. */
  readonly about: ClientAbout;
  /** The topics that it asks for; none for every topic. */
  readonly topics: readonly string[];
  /** The event types that it asks for; none for every type. */
  readonly types: readonly string[];
  /** When it was added, in Unix milliseconds. */
  readonly connectedAt: number;
  /** Where it is in its life. */
  readonly state: ClientState;
  /** How many positions of the log lie between the newest event and the newest that it was sent. */
  readonly lag: number;
}

/** Is told of a client that has come (1) or gone (-1). It must not throw. */
export type ClientWatcher = (client: Client, difference: 1 | -1) => void;

/**
 * Is told of what has just been delivered, and how many milliseconds that took since the first of it
 * was published. It must not throw.
 */
export type Observer = (entries: readonly Entry[], milliseconds: number) => void;
