import type { EventSink } from "../broker/sink.ts";

/** What Bun hands to the `pull` of a direct stream, in so far as it is used here. */
interface DirectController {
  write(chunk: Uint8Array): number | Promise<number>;
  close(): void;
}

/**
 * A response body that is written straight to the socket. Bun's direct streams do without the
 * queue of a default stream, and say when the socket is full.
 *
 * @param opened is called with the sink when the first byte may be written; when it throws, the
 * response ends.
 */
export function directStream(opened: (sink: EventSink) => void): ReadableStream<Uint8Array> {
  // The runtime keeps the source for as long as the stream, but what it began with is needed once.
  let begin: typeof opened | undefined = opened;
  const source = {
    type: "direct",
    pull(controller: DirectController): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sink = new DirectSink(controller, resolve, reject);
      begin?.(sink);
      begin = undefined;
      return promise;
    },
  };
  // `type: "direct"` is Bun's own; the DOM's types do not know it.
  return new ReadableStream(source as unknown as UnderlyingDefaultSource<Uint8Array>);
}

class DirectSink implements EventSink {
  readonly #controller: DirectController;
  readonly #ended: () => void;
  readonly #aborted: () => void;

  constructor(controller: DirectController, ended: () => void, aborted: () => void) {
    this.#controller = controller;
    this.#ended = ended;
    this.#aborted = aborted;
  }

  enqueue(chunk: Uint8Array): Promise<number> | undefined {
    // The runtime sends it when this turn of the event loop ends: to flush each would cost more.
    const written = this.#controller.write(chunk);
    return typeof written === "number" ? undefined : written;
  }

  close(): void {
    try {
      this.#controller.close();
    } finally {
      // Also when the client has closed it first: the runtime keeps what waits for this.
      this.#ended();
    }
  }

  /** Closing would wait for the reader, and keep the connection for as long as that reads nothing. */
  abort(): void {
    // The runtime logs what it is rejected with, unless that is nothing.
    this.#aborted();
  }
}
