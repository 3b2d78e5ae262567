import type { Static, TSchema, TUnknown } from "@sinclair/typebox";
import type { BuiltinEvents } from "../events/builtin.ts";

/** Event types by name, each with the TypeBox schema of its data: what an events.ts exports. */
export type Catalog = Readonly<Record<string, TSchema>>;

/** The catalog of somebody who brings none: only the built-in event types. */
export type BuiltinOnly = Record<never, never>;

/**
 * A catalog that knows every name and asks nothing of the data, for event types that are only known
 * at run time: `createPublisher<AnyEvents>({ … })`.
 */
export type AnyEvents = Record<string, TUnknown>;

/** The names that can be used with a catalog: its own and the built-in ones. */
export type EventName<C extends Catalog> = Extract<keyof C | keyof BuiltinEvents, string>;

/** The data of one event type. As on the hub, the user's schema wins over a built-in one. */
export type EventData<C extends Catalog, T extends EventName<C>> = T extends keyof C
  ? Static<C[T]>
  : T extends keyof BuiltinEvents
    ? Static<BuiltinEvents[T]>
    : never;

/** An event as it is received: a union over the catalog, told apart by `type`. */
export type ReceivedEvent<C extends Catalog, T extends EventName<C> = EventName<C>> = {
  [K in T]: {
    /** The hub's id for it, or the one that its publisher chose. */
    readonly id: string;
    readonly type: K;
    readonly data: EventData<C, K>;
  };
}[T];

/** What a publisher can say about an event beside its type and data. */
export interface EventOptions {
  /** Who is told: those who subscribed to one of these. None: everyone. */
  topics?: readonly string[] | undefined;
  /** The same for a single topic. */
  topic?: string | undefined;
  /** The event's id. Publishing the same event under the same id again changes nothing. */
  id?: string | undefined;
  /** Tells its readers to wait that many milliseconds before they reconnect. */
  retry?: number | undefined;
  /** Only for readers who are allowed to read one of its topics. */
  private?: boolean | undefined;
}

/** An event to publish: a union over the catalog. */
export type OutgoingEvent<C extends Catalog, T extends EventName<C> = EventName<C>> = {
  [K in T]: { readonly type: K; readonly data: EventData<C, K> } & Readonly<EventOptions>;
}[T];
