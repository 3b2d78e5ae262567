/**
 * Where a client's bytes go: the controller of a default `ReadableStream`, or anything alike.
 *
 * A sink says that it is full in one of two ways: `enqueue` returns a promise that resolves when
 * there is room again, or `desiredSize` is zero or below. The bytes it was given then count as taken.
 */
export interface EventSink {
  /** Takes bytes. @throws when the client is gone. */
  enqueue(chunk: Uint8Array): unknown;
  /** Ends the stream, when what it was given has been taken. */
  close(): void;
  /** Ends the stream without waiting for the other side to take what it was sent. */
  abort?(): void;
  /**
   * Names who is told when the other side leaves. Of a stream that can't say so it is known by a
   * signal, or by what it throws when it is written to.
   */
  tell?(listener: LeaveListener): void;
  /** Room left: full at zero or below; null once the stream has failed. */
  readonly desiredSize?: number | null;
}

/** Wants to know that the other side of a stream has left. */
export interface LeaveListener {
  /** The other side has left. */
  left(): void;
}

/**
 * A `Stream` of `@elysiajs/stream`, whatever its data is typed as, in so far as it is used here. It
 * can't say that it is full: what its client has not read stays in memory.
 */
export interface ElysiaStream {
  /** The `event` field that it would write before all data; the broker clears it. */
  event: string | undefined;
  /** The `retry` field that it would write before all data; the broker clears it. */
  retry: number | undefined;
  /** Writes bytes as they are. */
  send(data: Uint8Array): void;
  /** Ends the stream. */
  close(): void;
}

/** How often a sink is asked whether it has room again, when it can't say so by itself, in ms, at last. */
const POLL_INTERVAL_MS = 20;

/** How often it is tried whether a stream that stays full is still there, in ms. */
const PROBE_INTERVAL_MS = 1000;
const NOTHING = new Uint8Array();

/** A sink for a `Stream` of `@elysiajs/stream`, with the frames passing through as they are. */
export function sinkOf(stream: EventSink | ElysiaStream): EventSink {
  if (!("send" in stream)) return stream;
  // It would write its own event and retry fields before each of ours.
  stream.event = undefined;
  stream.retry = undefined;
  return { enqueue: (chunk) => stream.send(chunk), close: () => stream.close() };
}

/**
 * Gives the bytes to the sink.
 *
 * @returns nothing while there is room, else a promise that resolves when there is room again.
 * @throws when the client is gone.
 */
export function writeTo(sink: EventSink, chunk: Uint8Array): Promise<unknown> | undefined {
  const result = sink.enqueue(chunk);
  if (result instanceof Promise) return result;
  const { desiredSize } = sink;
  if (desiredSize === undefined || (desiredSize !== null && desiredSize > 0)) return undefined;
  return untilRoom(sink);
}

async function untilRoom(sink: EventSink): Promise<void> {
  let probedAt = performance.now();
  for (let wait = 0; ; wait = Math.min(POLL_INTERVAL_MS, 2 * wait + 1)) {
    await Bun.sleep(wait);
    if (performance.now() - probedAt >= PROBE_INTERVAL_MS) {
      probedAt = performance.now();
      // A stream that was cancelled has no room either, and tells only when it is given something.
      if (!(sink instanceof ReadableByteStreamController)) sink.enqueue(NOTHING);
    }
    const room = sink.desiredSize;
    if (room === null || room === undefined) throw new Error("the stream has failed");
    if (room > 0) return;
  }
}
