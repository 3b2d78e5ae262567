import type { Draft } from "../log/entry.ts";
import { type Grants, mayRead } from "./interest.ts";
import { type EventSink, type LeaveListener, writeTo } from "./sink.ts";
import type { Subscription } from "./subscription.ts";

/** Who is at the other end of a stream, in so far as it is known. */
export interface ClientAbout {
  readonly address?: string | undefined;
  /** The subject of its token. */
  readonly subject?: string | undefined;
}

/** What a client that comes back is to be told once it has all that it missed. */
export interface Resume {
  /** The last event it had, or `earliest`. */
  readonly from: string;
  /** Whether its place in the log is known by now. */
  located: boolean;
  /** How many events it has been sent since. */
  count: number;
}

/**
 * No more than this is given to a stream at once: it bounds what the runtime holds for a client
 * that stops reading, however large an event is. In bytes.
 */
const WRITE_BYTES = 64 * 1024;

interface ClientParts {
  readonly id: string;
  readonly subscription: Subscription;
  readonly grants: Grants;
  readonly sink: EventSink;
  readonly about: ClientAbout;
  /** Removes it, since its reader has left. */
  readonly leave: (client: Client) => void;
}

/** One open event stream: a position in the log, a subscription, and what it may read of that. */
export class Client implements LeaveListener {
  readonly id: string;
  readonly subscription: Subscription;
  readonly grants: Grants;
  readonly about: ClientAbout;
  /** Unix time in milliseconds. */
  readonly connectedAt = Date.now();
  /** The newest event it was sent; kept only while it is behind the others. */
  position = 0;
  /** Set until it has been sent what came after the last event it had. */
  resume: Resume | undefined;
  /** Since when its stream has been full, in ms by `performance.now()`. */
  fullSince: number | undefined;
  gone = false;
  /** Set while a signal is watched that would remove it. */
  detach: (() => void) | undefined;
  /** Is told when it has been removed. */
  removed: ((about: ClientAbout) => void) | undefined;
  readonly #sink: EventSink;
  /** What was to be written and found no room: bytes that are shared with others, not a copy. */
  #rest: Uint8Array | undefined;
  readonly #leave: (client: Client) => void;
  /** Made when it is asked for: most clients are never waited for. */
  #closed: PromiseWithResolvers<void> | undefined;

  constructor({ id, subscription, grants, sink, about, leave }: ClientParts) {
    this.id = id;
    this.subscription = subscription;
    this.grants = grants;
    this.#sink = sink;
    this.about = about;
    this.#leave = leave;
  }

  /** Resolves when the client has been removed. */
  get closed(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    if (this.gone) this.#closed.resolve();
    return this.#closed.promise;
  }

  /**
   * Writes to its stream.
   *
   * @returns nothing while there is room, else a promise that resolves when there is room again;
   * {@link writeRest} then goes on.
   * @throws when the stream is gone.
   */
  write(bytes: Uint8Array): Promise<unknown> | undefined {
    let rest = bytes;
    while (rest.length > WRITE_BYTES) {
      const room = writeTo(this.#sink, rest.subarray(0, WRITE_BYTES));
      rest = rest.subarray(WRITE_BYTES);
      if (room) {
        this.#rest = rest;
        return room;
      }
    }
    return writeTo(this.#sink, rest);
  }

  /** Whether it may read an event that its subscription is for. */
  mayRead(event: Draft): boolean {
    return mayRead(this.grants, event);
  }

  /** Whether its stream ends within an event at present. */
  get amidEvent(): boolean {
    return this.#rest !== undefined;
  }

  /** Writes what an earlier write left over, like {@link write}. */
  writeRest(): Promise<unknown> | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest && this.write(rest);
  }

  /** Ends its stream. One that is full ends at once: its reader may never take the rest. */
  close(): void {
    this.gone = true;
    try {
      if (this.fullSince !== undefined && this.#sink.abort) this.#sink.abort();
      else this.#sink.close();
    } catch {
      // The stream ended from its other side.
    }
    this.#closed?.resolve();
  }

  /** Its reader has hung up. */
  left(): void {
    this.#leave(this);
  }
}
