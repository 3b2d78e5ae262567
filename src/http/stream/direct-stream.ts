import type { DisconnectListener, EventSink } from "../../broker/sink.ts";

/** What Bun hands to the `pull` of a direct stream, in so far as it is used here. */
interface DirectController {
  write(chunk: Uint8Array): number | Promise<number>;
  /** With an error, the connection is reset. */
  close(error?: Error): void;
}

/**
 * A response body that is written straight to the socket. Bun's direct streams do without the
 * queue of a default stream, and say when the socket is full.
 *
 * @param request is what it answers: its signal tells of a reader that leaves where the runtime does not.
 * @param opened is called with the sink when the first byte may be written; when it throws, the
 * response ends.
 */
export function directStream(
  request: Request,
  opened: (sink: EventSink) => void,
): ReadableStream<Uint8Array> {
  const stream: object = new DirectStream({ request, opened });
  // `type: "direct"` is Bun's own; the standard's types do not know it.
  return new ReadableStream(stream as ConstructorParameters<typeof ReadableStream<Uint8Array>>[0]);
}

/** What a stream begins with, and needs once. */
interface Opening {
  readonly request: Request;
  readonly opened: (sink: EventSink) => void;
}

/**
 * The source of a direct stream, and the sink that writes to it. An idle client is little more than
 * this, so it is one object, without closures or promises of its own.
 */
class DirectStream implements EventSink {
  readonly type = "direct";
  /** The runtime keeps the source for as long as the stream, so this is let go of. */
  #opening: Opening | undefined;
  #controller: DirectController | undefined;
  #listener: DisconnectListener | undefined;
  /** Set where the runtime does not tell that the reader has left. */
  #signal: AbortSignal | undefined;

  constructor(opening: Opening) {
    this.#opening = opening;
  }

  /** Called by the runtime. It leaves the stream open when this returns. */
  pull(controller: DirectController): void {
    const opening = this.#opening;
    // Readers within the process pull more than once.
    if (!opening) return;
    this.#opening = undefined;
    this.#controller = controller;
    if (!isConnection(controller)) {
      const { signal } = opening.request;
      if (signal.aborted) {
        controller.close();
        return;
      }
      this.#signal = signal;
      signal.addEventListener("abort", this);
    }
    opening.opened(this);
  }

  /**
   * Called by the runtime when the other side of the connection has left, or a reader within the
   * process cancels. The request's signal would say so too, at the price of 0.7 KB for as long as the
   * stream lasts; so it is asked only where this is not called.
   */
  cancel(): void {
    this.#disconnected();
  }

  /** The request's signal aborts: the stream itself is the listener, so none is made for each. */
  handleEvent(): void {
    this.#disconnected();
  }

  onDisconnect(listener: DisconnectListener): void {
    this.#listener = listener;
  }

  enqueue(chunk: Uint8Array): Promise<number> | undefined {
    // The runtime sends it when this turn of the event loop ends: to flush each would cost more.
    const written = this.#controller?.write(chunk);
    return typeof written === "number" ? undefined : written;
  }

  close(): void {
    this.#forgetSignal();
    this.#controller?.close();
  }

  /** Closing would wait for the reader, and keep the connection for as long as that reads nothing. */
  abort(): void {
    this.#forgetSignal();
    this.#controller?.close(new Error("the stream is given up"));
  }

  #disconnected(): void {
    this.#forgetSignal();
    this.#listener?.disconnected();
  }

  /** A signal may outlive the stream: one for a whole program does. */
  #forgetSignal(): void {
    this.#signal?.removeEventListener("abort", this);
    this.#signal = undefined;
  }
}

/**
 * Whether the bytes go to a connection, whose end the runtime tells by `cancel`: over HTTP/1.1, HTTP/2
 * and Unix sockets alike. A request that is answered within the process, as by `app.handle()`, has none.
 */
function isConnection(controller: DirectController): boolean {
  return "sinkId" in controller;
}
