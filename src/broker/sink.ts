/**
 * Takes the bytes of a client: the controller of a default `ReadableStream`, or an object like it.
 *
 * A sink reports that it is full in one of two ways. Its `enqueue` returns a promise that resolves when
 * there is room again, or its `desiredSize` is zero or below. Either way it has taken the bytes.
 */
export interface EventSink {
  /**
   * Takes bytes.
   *
   * @throws an error when the reader has disconnected
   */
  enqueue(chunk: Uint8Array): unknown;
  /** Ends the stream after the bytes that it has taken. */
  close(): void;
  /**
   * Ends the stream at once, without waiting for the reader.
   *
   * @defaultValue `close` is called instead
   */
  abort?(): void;
  /**
   * Has the listener told when the reader disconnects.
   *
   * @defaultValue the broker learns it from a signal, or from an error of `enqueue`
   */
  onDisconnect?(listener: DisconnectListener): void;
  /**
   * The room that is left. Zero or below: full. Null: the stream has failed.
   *
   * @defaultValue `enqueue` alone reports a full sink
   */
  readonly desiredSize?: number | null;
}

/** Is told when the reader of a stream disconnects. */
export interface DisconnectListener {
  /** The reader has disconnected. */
  disconnected(): void;
}

/**
 * A `Stream` of `@elysiajs/stream`, as far as the broker uses it. It can't report that it is full, so
 * bytes that its client does not read stay in memory.
 */
export interface ElysiaStream {
  /** The `event` field that it writes before all data; the broker clears it. */
  event: string | undefined;
  /** The `retry` field that it writes before all data; the broker clears it. */
  retry: number | undefined;
  /** Writes bytes as they are. */
  send(data: Uint8Array): void;
  /** Ends the stream. */
  close(): void;
}

/** The longest time between two looks at the `desiredSize` of a full sink, in ms. */
const POLL_INTERVAL_MS = 20;

/** The time between two tests whether a full stream is still open, in ms. */
const PROBE_INTERVAL_MS = 1000;
const NOTHING = new Uint8Array();

/** Sinks that have ended, of those that somebody may be waiting for. */
const ended = new WeakSet<EventSink>();

/** A sink for either kind of stream. It passes frames on as they are. */
export function sinkOf(stream: EventSink | ElysiaStream): EventSink {
  if (!("send" in stream)) return stream;
  // Otherwise it writes its own event and retry fields before each frame.
  stream.event = undefined;
  stream.retry = undefined;
  return { enqueue: (chunk) => stream.send(chunk), close: () => stream.close() };
}

/**
 * Gives the bytes to the sink.
 *
 * @returns nothing while there is room, else a promise that resolves when there is room again.
 * @throws an error when the reader has disconnected
 */
export function writeTo(sink: EventSink, chunk: Uint8Array): Promise<unknown> | undefined {
  const result = sink.enqueue(chunk);
  if (result instanceof Promise) return result;
  const { desiredSize } = sink;
  if (desiredSize === undefined || (desiredSize !== null && desiredSize > 0)) return undefined;
  return untilRoom(sink);
}

/** Ends a sink; at once, without waiting for its reader, if it is to be aborted. @throws its own error */
export function endSink(sink: EventSink, { abort }: { readonly abort: boolean }): void {
  if ("desiredSize" in sink) ended.add(sink);
  if (abort && sink.abort) sink.abort();
  else sink.close();
}

async function untilRoom(sink: EventSink): Promise<void> {
  let probedAt = performance.now();
  for (let wait = 0; ; wait = Math.min(POLL_INTERVAL_MS, 2 * wait + 1)) {
    await Bun.sleep(wait);
    if (ended.has(sink)) return;
    if (performance.now() - probedAt >= PROBE_INTERVAL_MS) {
      probedAt = performance.now();
      // A cancelled stream has no room either. Only a write shows the difference.
      if (!(sink instanceof ReadableByteStreamController)) sink.enqueue(NOTHING);
    }
    const room = sink.desiredSize;
    if (room === null || room === undefined) throw new Error("the stream has failed");
    if (room > 0) return;
  }
}
