import { createParser, type EventSourceMessage } from "eventsource-parser";
import { defer } from "../defer.ts";

/** An open event stream, read event by event. */
export class Reader {
  readonly response: Response;
  readonly retries: number[] = [];
  readonly comments: string[] = [];
  readonly #stop: AbortController;
  readonly #chunks: ReadableStreamDefaultReader<Uint8Array>;
  readonly #events: EventSourceMessage[] = [];
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    onEvent: (event) => this.#events.push(event),
    onRetry: (milliseconds) => this.retries.push(milliseconds),
    onComment: (comment) => this.comments.push(comment),
    onError(error) {
      throw error;
    },
  });

  private constructor(response: Response, stop: AbortController) {
    if (!response.body) throw new Error("a response without a body");
    this.response = response;
    this.#stop = stop;
    this.#chunks = response.body.getReader();
  }

  /** Opens a stream, which is left after the test. Resolves when the answer's headers are here. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<Reader> {
    const stop = new AbortController();
    let reader: Reader | undefined;
    defer(() => {
      stop.abort();
      // It is held until now: a response that nobody holds is collected, and takes its connection along.
      reader = undefined;
    });
    const response = await fetch(url, { headers, signal: stop.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    reader = new Reader(response, stop);
    return reader;
  }

  /** The next event; undefined when the stream has ended. */
  async next(): Promise<EventSourceMessage | undefined> {
    while (this.#events.length === 0 && (await this.#readChunk()));
    return this.#events.shift();
  }

  /** The next events, as type and data. */
  async take(count: number): Promise<[type: string, data: unknown][]> {
    const taken: [string, unknown][] = [];
    while (taken.length < count) {
      const event = await this.next();
      if (!event) break;
      taken.push([event.event ?? "message", JSON.parse(event.data)]);
    }
    return taken;
  }

  /** Reads on until there was a comment. */
  async comment(): Promise<string> {
    while (this.comments.length === 0 && (await this.#readChunk()));
    return this.comments.shift() ?? "";
  }

  /** Hangs up. */
  leave(): void {
    this.#stop.abort();
  }

  async #readChunk(): Promise<boolean> {
    const { done, value } = await this.#chunks.read();
    if (!done) this.#parser.feed(this.#decoder.decode(value, { stream: true }));
    return !done;
  }
}
