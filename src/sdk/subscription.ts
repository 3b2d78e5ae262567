import type { Gap, Subjects } from "../protocol/hub-events.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { TidingsError } from "./error.ts";

/** A connection was lost or failed, and there will be another try. */
export interface Reconnect {
  /** The number of the next try in a row, from 1 on. */
  readonly attempt: number;
  /** The time until the next try, in milliseconds. */
  readonly delay: number;
  /** The reason; undefined when the hub has ended the stream in order. */
  readonly error: TidingsError | undefined;
}

/** Who reads a topic, by the subjects of their tokens, or who has come or gone. */
export interface Presence extends Subjects {
  /** `present`: all who are there, in place of what was told before; `joined`, `left`: the difference since. */
  readonly kind: "present" | "joined" | "left";
}

/** Options of a subscription, for any event types. */
export interface SubscriptionOptions extends ConnectionOptions {
  /**
   * The topics to subscribe to: exact names, prefixes that end in `*` (`orders/*`), or `*`.
   *
   * @defaultValue none: every event
   */
  topics?: readonly string[] | undefined;
  /**
   * The event types to subscribe to.
   *
   * @defaultValue every type
   */
  types?: readonly string[] | undefined;
  /**
   * The id of the event to start after, or `earliest` for all events that the hub holds.
   *
   * @defaultValue none: the current values, then events from now on
   */
  lastEventId?: string | undefined;
  /**
   * Gets a ticket (`POST /tickets`), for a page that must not hold a token. A ticket opens one stream, so the
   * function is called before every connection.
   *
   * @defaultValue none
   */
  ticket?: (() => string | Promise<string>) | undefined;
  /**
   * Ends the iteration.
   *
   * @defaultValue none
   */
  signal?: AbortSignal | undefined;
  /**
   * The longest time without any bytes before the subscriber reconnects, in milliseconds. Keep-alives count
   * as bytes.
   *
   * @defaultValue 45,000
   */
  idleTimeout?: number | undefined;
  /** Called when the hub has accepted a connection, also after a reconnect. */
  onOpen?: ((connection: { clientId: string | undefined }) => void) | undefined;
  /** Called when events were missed that the hub no longer holds. */
  onGap?: ((gap: Gap) => void) | undefined;
  /**
   * Called with those who read each of the topics, first, and again whenever that changes, at most ten times a
   * second. Its hub refuses the subscriber unless the token lets it know them. Someone who reconnects within ten
   * seconds has not left.
   */
  onPresence?: ((presence: Presence) => void) | undefined;
  /** Called when a connection was lost or failed, before the next try. */
  onReconnect?: ((reconnect: Reconnect) => void) | undefined;
}
