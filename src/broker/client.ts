import type { MayRead } from "../log/store.ts";
import type { PrivateTopics } from "./interest.ts";
import { type EventSink, type LeaveListener, writeTo } from "./sink.ts";
import type { Subscription } from "./subscription.ts";

/** Who is at the other end of a stream, in so far as it is known. */
export interface ClientAbout {
  /** Its IP address. */
  readonly address?: string | undefined;
  /** The subject of its token. */
  readonly subject?: string | undefined;
  /** What it was let in by: its stream ends when that is withdrawn. */
  readonly credential?: { readonly kind: string; readonly withdrawn: AbortSignal } | undefined;
}

/**
 * - `replaying`: it is sent events from the log, from its own position on.
 * - `live`: it has all events, and is sent each new one as it is kept.
 * - `blocked`: its stream is full. It is sent nothing until there is room; then it replays.
 * - `gone`: it has been removed.
 */
export type ClientState = "replaying" | "live" | "blocked" | "gone";

/** What is known of a client that is replaying or blocked. A live one needs none of it. */
export interface Progress {
  /** Up to this position it has been sent all that is for it. */
  position: number;
  /** The position of the last event id that it was sent. */
  cursor: number;
  /** Set until it has been sent what came after the last event that it had. */
  resume: Resume | undefined;
  /** What was to be written and found no room: bytes that are shared with others, not a copy. */
  rest: Uint8Array | undefined;
  /** Since when its stream has been full, in ms by the broker's clock. */
  blockedAt: number;
}

export function newProgress(position: number, cursor: number): Progress {
  return { position, cursor, resume: undefined, rest: undefined, blockedAt: 0 };
}

/** What a client that comes back is told once it has all that it missed. */
export interface Resume {
  /** The last event it had, or `earliest`. */
  readonly from: string;
  /** Which events the client may know of: where it had another, it is told nothing. */
  readonly mayKnow: MayRead;
  /** Whether its place in the log is known by now. */
  located: boolean;
  /** How many events it has been sent since. */
  count: number;
}

/** Removes clients whose readers have left. */
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
 * No more than this is given to a stream at once: it bounds what the runtime holds for a client
 * that stops reading, however large an event is. In bytes.
 */
const MAX_WRITE_BYTES = 64 * 1024;

/**
 * One open event stream: a subscription, what it may read of that, and its progress in the log.
 * {@link Clients} alone changes its state.
 *
 * There may be a hundred thousand of these, mostly idle: each field counts, and none is a closure.
 */
export class Client implements LeaveListener {
  readonly id: string;
  readonly subscription: Subscription<Client>;
  readonly privateTopics: PrivateTopics;
  readonly about: ClientAbout;
  /** Unix time in milliseconds. */
  readonly connectedAt: number;
  state: ClientState = "replaying";
  progress: Progress | undefined;
  /** The signal that removes it, while it is watched. */
  signal: AbortSignal | undefined;
  /** Is told when it has been removed. */
  onRemoved: ((about: ClientAbout) => void) | undefined;
  readonly #sink: EventSink;
  readonly #owner: ClientOwner;
  /** Made when it is asked for: most clients are never waited for. */
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

  /** Ends its stream. A full one ends at once: its reader may never take the rest. */
  end({ abort }: { readonly abort: boolean }): void {
    try {
      if (abort && this.#sink.abort) this.#sink.abort();
      else this.#sink.close();
    } catch {
      // The stream ended from its other side.
    }
    this.#closed?.resolve();
  }

  /** Its sink says that its reader has left. */
  left(): void {
    this.#owner.remove(this, "disconnected");
  }

  /** Its signal aborts: the client itself is the listener, so none is made for each. */
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
