import type { EventSink } from "../../src/broker/sink.ts";
import { isHubEvent } from "../../src/protocol/hub-events.ts";
import { type Read, read } from "../protocol/read.ts";

/** A stream that keeps what it is sent, and fails when it is told to. */
export class Recorder implements EventSink {
  readonly chunks: Uint8Array[] = [];
  fails = false;
  closed = 0;

  enqueue(chunk: Uint8Array): void {
    if (this.fails) throw new TypeError("the stream is gone");
    this.chunks.push(chunk);
  }

  close(): void {
    this.closed++;
    if (this.fails) throw new TypeError("the stream is gone");
  }

  /** What a reader makes of all that was sent. */
  get read(): Read {
    return read(this.chunks);
  }

  /** The published events among it, as type and data. */
  get events(): [type: string | undefined, data: unknown][] {
    return this.read.events
      .filter(({ event = "message" }) => !isHubEvent(event))
      .map(({ event, data }) => [event, JSON.parse(data)]);
  }
}
