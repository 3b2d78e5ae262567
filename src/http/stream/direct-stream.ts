import type { EventSink, LeaveListener } from "../../broker/sink.ts";

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
 * @param opened is called with the sink when the first byte may be written; when it throws, the
 * response ends.
 */
export function directStream(opened: (sink: EventSink) => void): ReadableStream<Uint8Array> {
  const stream: object = new DirectStream(opened);
  // `type: "direct"` is Bun's own; the standard's types do not know it.
  return new ReadableStream(stream as ConstructorParameters<typeof ReadableStream<Uint8Array>>[0]);
}

/**
 * The source of a direct stream, and the sink that writes to it. An idle client is little more than
 * this, so it is one object, without closures or promises of its own.
 */
class DirectStream implements EventSink {
  readonly type = "direct";
  #opened: ((sink: EventSink) => void) | undefined;
  #controller: DirectController | undefined;
  #listener: LeaveListener | undefined;

  constructor(opened: (sink: EventSink) => void) {
    this.#opened = opened;
  }

  /** Called by the runtime. It leaves the stream open when this returns. */
  pull(controller: DirectController): void {
    this.#controller = controller;
    const opened = this.#opened;
    // The runtime keeps the source for as long as the stream, but what it began with is needed once.
    this.#opened = undefined;
    opened?.(this);
  }

  /**
   * Called by the runtime when the other side has left. The request's signal would say so too, at
   * the price of half a kilobyte for as long as the stream lasts.
   */
  cancel(): void {
    this.#listener?.left();
  }

  tell(listener: LeaveListener): void {
    this.#listener = listener;
  }

  enqueue(chunk: Uint8Array): Promise<number> | undefined {
    // The runtime sends it when this turn of the event loop ends: to flush each would cost more.
    const written = this.#controller?.write(chunk);
    return typeof written === "number" ? undefined : written;
  }

  close(): void {
    this.#controller?.close();
  }

  /** Closing would wait for the reader, and keep the connection for as long as that reads nothing. */
  abort(): void {
    this.#controller?.close(new Error("the stream is given up"));
  }
}
