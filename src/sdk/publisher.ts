import { batches } from "./batches.ts";
import type {
  BuiltinOnly,
  Catalog,
  EventData,
  EventName,
  EventOptions,
  OutgoingEvent,
} from "./catalog-types.ts";
import { type ConnectionOptions, route } from "./connection.ts";
import { notAHub, TidingsError } from "./error.ts";
import { isNumber, isRecord, isString } from "./narrow.ts";
import { post } from "./post.ts";

/** Options of {@link createPublisher}. */
export interface PublisherOptions extends ConnectionOptions {
  /**
   * The longest time of one try, in milliseconds.
   *
   * @defaultValue 10,000
   */
  timeout?: number | undefined;
  /**
   * The number of further tries when the hub is busy or can't be reached.
   *
   * @defaultValue 4
   */
  retries?: number | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /**
   * Ends the call, which then throws the reason of the signal.
   *
   * @defaultValue none
   */
  signal?: AbortSignal | undefined;
}

/** The acknowledgement of one event: the hub has kept it. */
export interface Published {
  /** The id of the event: the one that it was sent with, or one of the hub. */
  readonly id: string;
  /** The number of clients that the event is for. */
  readonly recipients: number;
  /**
   * Whether the hub already had this event with this id. True also when a first try has arrived, but its
   * answer was lost.
   *
   * @defaultValue false
   */
  readonly duplicate?: boolean;
}

/** The acknowledgement of several events. */
export interface PublishedBatch {
  /** The id of each event, in order. */
  readonly ids: readonly string[];
  /** The sum of the clients over all events. */
  readonly recipients: number;
}

/**
 * Publishes events to a hub. Made by {@link createPublisher}.
 *
 * @throws TidingsError, from every call, when the hub refuses, or can't be reached after all tries
 * @throws the reason of the signal when it aborts
 */
export interface Publisher<C extends Catalog> {
  /** Publishes one event. */
  publish<T extends EventName<C>>(
    type: T,
    data: EventData<C, T>,
    options?: EventOptions & CallOptions,
  ): Promise<Published>;

  /** Publishes up to 10,000 events: the hub keeps all of them, or none. */
  publishBatch(events: Iterable<OutgoingEvent<C>>, options?: CallOptions): Promise<PublishedBatch>;

  /**
   * Publishes the events of a source, in order, and yields acknowledgements. It works only while the result is
   * iterated, and reads the source no faster than the hub takes the events. When the hub refuses an event,
   * all events before it are kept and acknowledged. Then the error is thrown: the refused event is the first
   * one without an acknowledgement.
   */
  publishStream(
    events: AsyncIterable<OutgoingEvent<C>> | Iterable<OutgoingEvent<C>>,
    options?: CallOptions,
  ): AsyncGenerator<PublishedBatch, void, void>;
}

/**
 * Makes a publisher for the hub at `url`. With the type of your catalog, the compiler checks event types and
 * data: `createPublisher<typeof events>({ url, token })`. The built-in types are always known.
 *
 * @example
 * ```ts
 * import { createPublisher } from "tidings/sdk";
 * const hub = createPublisher({ url: "http://127.0.0.1:3000" });
 * const { id } = await hub.publish("nav-badge-update", { path: "/inbox", badge: "3" });
 * ```
 *
 * @throws TypeError when `url` is not a URL
 */
export function createPublisher<C extends Catalog = BuiltinOnly>(options: PublisherOptions): Publisher<C> {
  const { timeout = 10_000, retries = 4 } = options;
  const single = route(options, "publish");
  const batch = route(options, "publish/batch");
  const send = (url: string, body: string, signal: AbortSignal | undefined) =>
    post(url, { ...options, timeout, retries, signal }, body);

  async function one(event: string, signal: AbortSignal | undefined): Promise<Published> {
    const answer = await send(single, event, signal);
    const { id, recipients, duplicate } = isRecord(answer) ? answer : {};
    if (!isString(id) || !isNumber(recipients)) throw notAHub(single, 200, "answered without an id");
    return duplicate === true ? { id, recipients, duplicate } : { id, recipients };
  }

  async function many(events: readonly string[], signal: AbortSignal | undefined): Promise<PublishedBatch> {
    const answer = await send(batch, `[${events.join(",")}]`, signal);
    const { ids, recipients } = isRecord(answer) ? answer : {};
    if (
      !Array.isArray(ids) ||
      !ids.every(isString) ||
      ids.length !== events.length ||
      !isNumber(recipients)
    ) {
      throw notAHub(batch, 200, "answered without an id for each event");
    }
    return { ids, recipients };
  }

  /** A refused batch is halved until the refused event stands alone (or each half is small enough). */
  async function* several(
    events: readonly string[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<PublishedBatch> {
    const [first] = events;
    if (first !== undefined && events.length === 1) {
      const { id, recipients } = await one(first, signal);
      return yield { ids: [id], recipients };
    }
    let stored: PublishedBatch;
    try {
      stored = await many(events, signal);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const half = events.length >> 1;
      yield* several(events.slice(0, half), signal);
      return yield* several(events.slice(half), signal);
    }
    yield stored;
  }

  return {
    publish: async (type, data, { signal, ...more } = {}) => one(encode({ type, data, ...more }), signal),

    async publishBatch(events, { signal } = {}) {
      const encoded = Array.from(events, encode);
      return encoded.length > 0 ? many(encoded, signal) : { ids: [], recipients: 0 };
    },

    // The hub also takes a stream, POST /publish/stream. Not every runtime can send one: browsers only
    // over HTTP/2, Safari and Firefox never, and fetch gives the answer no sooner than the body has
    // ended, so acknowledgements could not come back on the way. And a stream that breaks has to know
    // what arrived. Batches with ids are the same everywhere and can be tried again.
    async *publishStream(events, { signal } = {}) {
      for await (const batch of batches(events, encode, signal)) yield* several(batch, signal);
    },
  };
}

/** The event as JSON, with an id if it has none. */
function encode(event: Readonly<EventOptions> & { type: string; data: unknown }): string {
  return JSON.stringify({ ...event, id: event.id ?? randomId() });
}

/** 128 random bits. (`crypto.randomUUID` is missing in pages that are not served over HTTPS.) */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether the hub refused the content, of which a part may be good. */
function isRefusal(error: unknown): boolean {
  return error instanceof TidingsError && [400, 403, 409, 413, 422].includes(error.status);
}
