import type { Gap } from "../protocol/hub-events.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { TidingsError } from "./error.ts";

/** A connection was lost or could not be made, and is tried again. */
export interface Reconnect {
  /** Which try in a row comes next, from 1. */
  readonly attempt: number;
  /** How long until then, in milliseconds. */
  readonly delay: number;
  /** Why; undefined when the hub just ended the stream. */
  readonly error: TidingsError | undefined;
}

/** What a subscription is, whatever the types of its events. */
export interface SubscriptionOptions extends ConnectionOptions {
  /** Exact names, prefixes that end in `*` (`orders/*`), or `*`. None: every event. */
  topics?: readonly string[] | undefined;
  /** Only events of these types. */
  types?: readonly string[] | undefined;
  /** Start after this event; `earliest` for everything that the hub holds. */
  lastEventId?: string | undefined;
  /**
   * Gets a ticket (`POST /tickets`), for a page that is to hold no token. A ticket opens one stream, so
   * it is asked for one before every connection.
   */
  ticket?: (() => string | Promise<string>) | undefined;
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
  /**
   * How long the hub may be silent (its keep-alives count) before the connection is given up, in
   * milliseconds. Default 45,000.
   */
  idleTimeout?: number | undefined;
  /** The hub has accepted the connection; also after each reconnect. */
  onOpen?: ((connection: { clientId: string | undefined }) => void) | undefined;
  /** Events were missed. */
  onGap?: ((gap: Gap) => void) | undefined;
  /** The connection is lost or could not be made. */
  onReconnect?: ((reconnect: Reconnect) => void) | undefined;
}
