import type { Static, TSchema, TUnknown } from "@sinclair/typebox";
import type { BuiltinEvents } from "../events/builtin.ts";

/** Event types, each with the TypeBox schema of its data. An events.ts exports one. */
export type Catalog = Readonly<Record<string, TSchema>>;

/** The catalog without your own types: only the built-in ones. */
export type BuiltinOnly = Record<never, never>;

/**
 * A catalog with every name and any data, for event types that are known at run time only:
 * `createPublisher<AnyEvents>({ … })`.
 */
export type AnyEvents = Record<string, TUnknown>;

/** The event types of a catalog, and the built-in ones. */
export type EventName<C extends Catalog> = Extract<keyof C | keyof BuiltinEvents, string>;

/** The data of an event type. A schema of the catalog wins over a built-in one, as on the hub. */
export type EventData<C extends Catalog, T extends EventName<C>> = T extends keyof C
  ? Static<C[T]>
  : T extends keyof BuiltinEvents
    ? Static<BuiltinEvents[T]>
    : never;

/** A received event: a union over the catalog, discriminated by `type`. */
export type ReceivedEvent<C extends Catalog, T extends EventName<C> = EventName<C>> = {
  [K in T]: {
    /** The hub's id for it, or the one that its publisher chose. */
    readonly id: string;
    readonly type: K;
    /** Its topics that this reader could subscribe to; none for a broadcast to everyone. */
    readonly topics: readonly string[];
    /** When the hub kept it: RFC 3339, in UTC. */
    readonly time: string;
    readonly data: EventData<C, K>;
  };
}[T];

/** The optional parts of an event to publish. */
export interface EventOptions {
  /**
   * The topics of the event.
   *
   * @defaultValue none: a broadcast to everyone
   */
  topics?: readonly string[] | undefined;
  /**
   * One topic, added to `topics`.
   *
   * @defaultValue none
   */
  topic?: string | undefined;
  /**
   * The id of the event. To publish the same event with the same id again is harmless.
   *
   * @defaultValue a random id
   */
  id?: string | undefined;
  /**
   * The reconnection time that the readers of the event are told, in milliseconds.
   *
   * @defaultValue none
   */
  retry?: number | undefined;
  /**
   * Whether only readers who may read the private events of one of its topics get the event.
   *
   * @defaultValue false
   */
  private?: boolean | undefined;
  /**
   * Whether the event becomes the current value of its type on each of its topics; on no topic, of its type.
   * New readers are sent the current values first, even if the history no longer holds them.
   *
   * @defaultValue false
   */
  retain?: boolean | undefined;
  /**
   * Whether the event is the last of its topics. What is published there later is refused (409), and the
   * iterations of subscribers that ask for ended topics alone finish.
   *
   * @defaultValue false
   */
  end?: boolean | undefined;
}

/** An event to publish: a union over the catalog. */
export type OutgoingEvent<C extends Catalog, T extends EventName<C> = EventName<C>> = {
  [K in T]: { readonly type: K; readonly data: EventData<C, K> } & Readonly<EventOptions>;
}[T];
