import type { DisconnectListener, EventSink } from "../../broker/sink.ts";

/** The controller that Bun gives to the `pull` of a direct stream, as far as it is used here. */
interface DirectController {
  write(chunk: Uint8Array): number | Promise<number>;
  /** With an error, the connection is reset. */
  close(error?: Error): void;
}

/**
 * A response body that is written directly to the socket. Bun's direct streams have no queue, and report when
 * the socket is full.
 *
 * @param request the request that is answered. Its signal reports a reader that disconnects, where the runtime
 * does not.
 * @param opened called with the sink when the first byte can be written. An error of it ends the response.
 */
export function directStream(
  request: Request,
  opened: (sink: EventSink) => void,
): ReadableStream<Uint8Array> {
  const stream: object = new DirectStream({ request, opened });
  // `type: "direct"` is Bun's own; the standard's types do not know it.
  return new ReadableStream(stream as ConstructorParameters<typeof ReadableStream<Uint8Array>>[0]);
}

/** The parts that a stream needs only at its beginning. */
interface Opening {
  readonly request: Request;
  readonly opened: (sink: EventSink) => void;
}

/**
 * The source of a direct stream, and its sink. An idle client is little more than this object, so it has no
 * closures and no promises.
 */
class DirectStream implements EventSink {
  readonly type = "direct";
  /** Cleared after its use, because the runtime keeps the source as long as the stream. */
  #opening: Opening | undefined;
  #controller: DirectController | undefined;
  #listener: DisconnectListener | undefined;
  /** Set where the runtime does not report that the reader has disconnected. */
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
   * Called by the runtime when the reader has disconnected, or when a reader within the process cancels. The
   * signal of the request reports this too, but a listener costs 0.7 KB per stream. So it is used only where
   * the runtime does not call this.
   */
  cancel(): void {
    this.#disconnected();
  }

  /** Called when the signal of the request aborts. The stream itself is the listener, which saves a closure. */
  handleEvent(): void {
    this.#disconnected();
  }

  onDisconnect(listener: DisconnectListener): void {
    this.#listener = listener;
  }

  enqueue(chunk: Uint8Array): Promise<number> | undefined {
    // The runtime sends the bytes at the end of this turn. To flush each write would cost more.
    const written = this.#controller?.write(chunk);
    return typeof written === "number" ? undefined : written;
  }

  close(): void {
    this.#forgetSignal();
    this.#controller?.close();
  }

  /** An orderly close would wait for a reader that may never read. */
  abort(): void {
    this.#forgetSignal();
    this.#controller?.close(new Error("the stream is given up"));
  }

  #disconnected(): void {
    this.#forgetSignal();
    this.#listener?.disconnected();
  }

  /** Removes the listener, because a signal may outlive the stream. */
  #forgetSignal(): void {
    this.#signal?.removeEventListener("abort", this);
    this.#signal = undefined;
  }
}

/**
 * Whether the bytes go to a connection: HTTP/1.1, HTTP/2 or a Unix socket. Then the runtime calls `cancel` at
 * its end. A request within the process, as by `app.handle()`, has no connection.
 */
function isConnection(controller: DirectController): boolean {
  return "sinkId" in controller;
}
