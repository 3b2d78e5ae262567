import type { EventSink } from "./sink.ts";
import type { Subscription } from "./subscription.ts";

/** Who is at the other end of a stream, in so far as it is known. */
export interface ClientAbout {
  readonly address?: string | undefined;
  /** The subject of its token. */
  readonly subject?: string | undefined;
}

/** One open event stream: a position in the log, and a subscription. */
export class Client {
  readonly id: string;
  readonly subscription: Subscription;
  readonly sink: EventSink;
  readonly about: ClientAbout;
  /** Unix time in milliseconds. */
  readonly connectedAt = Date.now();
  /** Resolves when the client has been removed. */
  readonly closed: Promise<void>;
  /** The newest event it was sent; kept only while it is behind the others. */
  position = 0;
  gone = false;
  readonly #resolveClosed: () => void;

  constructor(id: string, subscription: Subscription, sink: EventSink, about: ClientAbout) {
    this.id = id;
    this.subscription = subscription;
    this.sink = sink;
    this.about = about;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolveClosed = resolve;
  }

  /** Ends its stream. */
  close(): void {
    this.gone = true;
    try {
      this.sink.close();
    } catch {
      // The stream ended from its other side.
    }
    this.#resolveClosed();
  }
}
