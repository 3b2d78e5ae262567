import type { MayRead } from "../log/store.ts";
import type { PrivateTopics } from "./interest.ts";
import { type DisconnectListener, type EventSink, endSink, writeTo } from "./sink.ts";
import type { Subscription } from "./subscription.ts";

/** Who is at the other end of a stream, as far as is known. */
export interface ClientAbout {
  /** Its IP address. */
  readonly address?: string | undefined;
  /** The subject of its token. */
  readonly subject?: string | undefined;
  /** The credential that let it in. Its stream ends when the credential is withdrawn. */
  readonly credential?: { readonly kind: string; readonly withdrawn: AbortSignal } | undefined;
}

/**
 * Where a client is in its life.
 * - `replaying`: it is sent events from the log, from its own position on.
 * - `live`: it has all events, and is sent each new one as it is kept.
 * - `blocked`: its stream is full. It is sent nothing until there is room; then it is `replaying`.
 * - `gone`: it has been removed.
 */
export type ClientState = "replaying" | "live" | "blocked" | "gone";

/** How far a client is that is replaying or blocked. A live client needs no such record. */
export interface Progress {
  /** The client has been sent all its events up to this position. */
  position: number;
  /** The position of the last event id that the client was sent. */
  cursor: number;
  /** Whether it has been told that there is no more; its stream was full then. */
  isFinishing: boolean;
  /** Set while a returning client is sent the events that it missed. */
  resume: Resume | undefined;
  /** Set while it is to be sent current values, after a position and up to another one. */
  owed: Owed | undefined;
  /** The end of a frame for which there was no room: a view of shared bytes, not a copy. */
  rest: Uint8Array | undefined;
  /** When its stream became full, in ms on the broker's clock. */
  blockedAt: number;
}

export function newProgress(position: number, cursor: number): Progress {
  return {
    position,
    cursor,
    isFinishing: false,
    resume: undefined,
    owed: undefined,
    rest: undefined,
    blockedAt: 0,
  };
}

/** The current values that a client is yet to be sent. */
export interface Owed {
  /** It has been sent those up to this position. */
  after: number;
  /** Its stream goes on after this position. */
  readonly upTo: number;
  /** How many it has been sent. */
  count: number;
}

/** The return of a client that named its last event id. */
export interface Resume {
  /** The last event id that it named, or `earliest`. */
  readonly from: string;
  /** Whether the client may know of an event: an id of any other event counts as unknown. */
  readonly mayKnow: MayRead;
  /** Whether its position in the log has been found. */
  located: boolean;
  /** How many events it has been sent since its return. */
  count: number;
}

/** Removes clients whose readers have disconnected. */
interface ClientOwner {
  remove(client: Client, reason: "disconnected"): void;
}

interface ClientParts {
  readonly id: string;
  readonly subscription: Subscription<Client>;
  readonly privateTopics: PrivateTopics;
  readonly sink: EventSink;
  readonly about: ClientAbout;
  readonly connectedAt: number;
  readonly progress: Progress;
  readonly owner: ClientOwner;
}

/**
 * The largest write, in bytes. It bounds the memory that the runtime holds for a client that stops
 * reading, however large an event is.
 */
const MAX_WRITE_BYTES = 64 * 1024;

/**
 * One open event stream: its subscription, its private topics, and its progress in the log.
 * Only {@link Clients} changes its state.
 *
 * A hub may have a hundred thousand idle clients, so each field counts, and none is a closure.
 */
export class Client implements DisconnectListener {
  readonly id: string;
  readonly subscription: Subscription<Client>;
  readonly privateTopics: PrivateTopics;
  readonly about: ClientAbout;
  /** Unix time in milliseconds. */
  readonly connectedAt: number;
  state: ClientState = "replaying";
  progress: Progress | undefined;
  /** The signal that removes the client; undefined when there is none. */
  signal: AbortSignal | undefined;
  /** Called when the client has been removed. */
  onRemoved: ((about: ClientAbout) => void) | undefined;
  readonly #sink: EventSink;
  readonly #owner: ClientOwner;
  /** Made on demand, because few callers wait for a client. */
  #closed: PromiseWithResolvers<void> | undefined;

  constructor({ id, subscription, privateTopics, sink, about, connectedAt, progress, owner }: ClientParts) {
    this.id = id;
    this.subscription = subscription;
    this.privateTopics = privateTopics;
    this.#sink = sink;
    this.about = about;
    this.connectedAt = connectedAt;
    this.progress = progress;
    this.#owner = owner;
  }

  /** Resolves when the client has been removed. */
  get closed(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    if (this.state === "gone") this.#closed.resolve();
    return this.#closed.promise;
  }

  /**
   * Writes to its stream.
   *
   * @returns nothing while there is room, else a promise that resolves when there is room again, and
   * what is left to be written then.
   * @throws when the stream is gone.
   */
  write(bytes: Uint8Array): Full | undefined {
    let rest = bytes;
    while (rest.length > MAX_WRITE_BYTES) {
      const room = writeTo(this.#sink, rest.subarray(0, MAX_WRITE_BYTES));
      rest = rest.subarray(MAX_WRITE_BYTES);
      if (room) return { room, rest };
    }
    const room = writeTo(this.#sink, rest);
    return room && { room, rest: undefined };
  }

  /** Ends its stream; a blocked one at once, because its reader may never take the rest. */
  end(how: { readonly abort: boolean }): void {
    try {
      endSink(this.#sink, how);
    } catch {
      // The reader has closed the stream already.
    }
    this.#closed?.resolve();
  }

  /** Called by the sink when the reader has disconnected. */
  disconnected(): void {
    this.#owner.remove(this, "disconnected");
  }

  /** Called when the signal aborts. The client itself is the listener, which saves a closure. */
  handleEvent(): void {
    this.#owner.remove(this, "disconnected");
  }
}

/** A stream that takes no more bytes for now. */
export interface Full {
  /** Resolves when there is room again. */
  readonly room: Promise<unknown>;
  /** The part of a frame that has yet to be written. */
  readonly rest: Uint8Array | undefined;
}
