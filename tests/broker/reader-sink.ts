import type { EventSink } from "../../src/broker/sink.ts";
import { type Read, read } from "../protocol/read.ts";

/** A stream with a reader that stops reading and goes on when it is told to. */
export class ReaderSink implements EventSink {
  readonly chunks: Uint8Array[] = [];
  ended = false;
  aborted = false;
  #reads = true;
  #fails = false;
  #room = Promise.withResolvers<void>();

  enqueue(chunk: Uint8Array): Promise<void> | undefined {
    if (this.ended || this.#fails) throw new TypeError("the stream is gone");
    this.chunks.push(chunk);
    return this.#reads ? undefined : this.#room.promise;
  }

  close(): void {
    this.ended = true;
  }

  abort(): void {
    this.ended = true;
    this.aborted = true;
  }

  /** From now on, writing to it fails. */
  fail(): void {
    this.#fails = true;
  }

  /** From now on, the stream is full after a write. */
  stall(): void {
    this.#reads = false;
  }

  /** Takes all that was written, and what is to come. */
  drain(): void {
    this.#reads = true;
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  get read(): Read {
    return read(this.chunks);
  }
}
