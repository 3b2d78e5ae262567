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

/** Where the hub is, and how hard it is tried. */
export interface PublisherOptions extends ConnectionOptions {
  /** How long one try may take, in milliseconds. Default 10,000. */
  timeout?: number | undefined;
  /** How many times more it is tried when the hub is busy or can't be reached. Default 4. */
  retries?: number | undefined;
}

/** Beside the event: when to give up. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The hub's acknowledgement of one event: it is stored. */
export interface Published {
  /** The event's id: the one that it was sent with, or the hub's. */
  readonly id: string;
  /** How many clients it is for. */
  readonly recipients: number;
  /**
   * The hub already had this event under this id. Also set when a first try did arrive, but its
   * answer was lost.
   */
  readonly duplicate?: boolean;
}

/** The hub's acknowledgement of several events, in their order. */
export interface PublishedBatch {
  /** Of each event, in order. */
  readonly ids: readonly string[];
  /** How many clients they are for, summed over all events. */
  readonly recipients: number;
}

/**
 * Publishes events to a hub.
 *
 * @throws TidingsError, by every call, when the hub refuses or can't be reached after all tries; the
 * signal's reason when it is aborted.
 */
export interface Publisher<C extends Catalog> {
  /** Publishes one event. */
  publish<T extends EventName<C>>(
    type: T,
    data: EventData<C, T>,
    options?: EventOptions & CallOptions,
  ): Promise<Published>;

  /** Publishes up to 10,000 events, all or none of them. */
  publishBatch(events: Iterable<OutgoingEvent<C>>, options?: CallOptions): Promise<PublishedBatch>;

  /**
   * Publishes what a source brings, in order and for as long as it lasts, and yields what is stored.
   * Nothing happens unless the result is iterated; the source is not read ahead of the hub. When an
   * event is refused, all before it are stored and acknowledged, then the error is thrown: the
   * refused event is the one after those acknowledged.
   */
  publishStream(
    events: AsyncIterable<OutgoingEvent<C>> | Iterable<OutgoingEvent<C>>,
    options?: CallOptions,
  ): AsyncGenerator<PublishedBatch, void, void>;
}

/**
 * A publisher to the hub at `url`. Give the type of your catalog to have types and data checked:
 * `createPublisher<typeof events>({ url, token })`; the built-in types are always known.
 *
 * @example
 * ```ts
 * import { createPublisher } from "tidings/sdk";
 * const hub = createPublisher({ url: "http://127.0.0.1:3000" });
 * const { id } = await hub.publish("nav-badge-update", { path: "/inbox", badge: "3" });
 * ```
 *
 * @throws TypeError if the URL is none.
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
