import { Deadline } from "../../../sdk/deadline.ts";
import { isTransient, TidingsError } from "../../../sdk/error.ts";
import { readMessages } from "../../../sdk/messages.ts";
import { openStream } from "../../../sdk/open-stream.ts";
import { sleep } from "../../../sdk/wait.ts";
import { hubUrl } from "../hub-url.ts";

/** How a stream's connection is. */
export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "open" }
  /** Lost, and tried again at `retryAt` (Unix ms). */
  | { readonly state: "waiting"; readonly retryAt: number; readonly reason: string }
  /** The hub said no, and would again. */
  | { readonly state: "refused"; readonly status: number; readonly reason: string };

/** One frame of a stream, the hub's own included. */
export interface Message {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: string;
}

export interface StreamOptions {
  /** The route, below the hub's address. */
  readonly path: string;
  readonly topics?: readonly string[];
  readonly types?: readonly string[];
  readonly lastEventId?: string | undefined;
  /** How long the hub may be silent before the connection is given up, in ms. */
  readonly idleTimeout: number;
  readonly onMessages: (messages: readonly Message[]) => void;
  readonly onConnection: (connection: Connection) => void;
}

const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

/**
 * An event stream down to its frames, which an EventSource does not show (it hides types that nobody
 * named, and the state of the connection). Reconnects with `Last-Event-ID` as an EventSource does.
 */
export class Stream {
  readonly #options: StreamOptions;
  readonly #stop = new AbortController();
  #hurry = new AbortController();

  constructor(options: StreamOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Tries again now instead of when the wait is over. */
  retry(): void {
    this.#hurry.abort();
  }

  close(): void {
    this.#stop.abort();
    this.#hurry.abort();
  }

  async #run(): Promise<void> {
    const { onConnection } = this.#options;
    const { signal } = this.#stop;
    let { lastEventId } = this.#options;
    let wait = MIN_WAIT_MS;
    while (!signal.aborted) {
      onConnection({ state: "connecting" });
      let reason = "the hub ended the stream";
      try {
        for await (const messages of this.#connect(lastEventId)) {
          wait = MIN_WAIT_MS;
          lastEventId = messages.findLast(({ id }) => id !== undefined)?.id ?? lastEventId;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isTransient(error)) {
          onConnection(refusalOf(error));
          return;
        }
        reason = error.status === 0 ? "the hub can't be reached" : error.message;
      }
      if (signal.aborted) return;
      this.#hurry = new AbortController();
      onConnection({ state: "waiting", retryAt: Date.now() + wait, reason });
      await sleep(wait, this.#hurry.signal);
      wait = Math.min(2 * wait, MAX_WAIT_MS);
    }
  }

  async *#connect(lastEventId: string | undefined): AsyncGenerator<readonly Message[], void, void> {
    const { path, topics, types, idleTimeout, onMessages, onConnection } = this.#options;
    const deadline = new Deadline(this.#stop.signal);
    try {
      deadline.start(idleTimeout, "no answer in time");
      const url = new URL(path, hubUrl).href;
      const response = await openStream(url, { url, topics, types }, lastEventId, deadline.signal);
      if (!response) return;
      onConnection({ state: "open" });
      for await (const complete of readMessages(response, deadline, idleTimeout, () => {})) {
        const messages = complete.map(({ event = "message", id, data }) => ({ event, id, data }));
        onMessages(messages);
        yield messages;
      }
    } finally {
      deadline.end();
    }
  }
}

function refusalOf(error: unknown): Connection {
  if (!(error instanceof TidingsError)) return { state: "refused", status: 0, reason: String(error) };
  const { status, problem, message } = error;
  return { state: "refused", status, reason: problem.detail ?? message };
}
