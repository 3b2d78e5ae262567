import { encodeFrame } from "../protocol/frame.ts";

/** An event that waits for its place in the log. */
export interface Draft {
  /** The publisher's; the log gives one to an event that has none. */
  readonly id: string | undefined;
  readonly type: string;
  /** The data as JSON text, in one line, as `JSON.stringify` writes it. */
  readonly json: string;
  /** Empty: for everyone. */
  readonly topics: readonly string[];
  readonly retry: number | undefined;
  readonly private: boolean;
}

/** What an event has when it is kept, besides what its publisher said. */
export interface Place {
  /** One higher than that of the event before it. */
  readonly position: number;
  readonly id: string;
  /** When it was kept, in milliseconds since 1970; never less than for the event before it. */
  readonly keptAt: number;
  /** How many clients it was for when it was published. */
  readonly recipients: number;
}

/** An event with its place in the log. It never changes. */
export class Entry implements Draft, Place {
  readonly position: number;
  readonly id: string;
  readonly keptAt: number;
  readonly recipients: number;
  readonly type: string;
  readonly json: string;
  readonly topics: readonly string[];
  readonly retry: number | undefined;
  readonly private: boolean;
  #frame: Uint8Array | undefined;

  constructor({ position, id, keptAt, recipients }: Place, draft: Omit<Draft, "id">) {
    this.position = position;
    this.id = id;
    this.keptAt = keptAt;
    this.recipients = recipients;
    this.type = draft.type;
    this.json = draft.json;
    this.topics = draft.topics;
    this.retry = draft.retry;
    this.private = draft.private;
  }

  /** Its bytes on a stream: encoded when the first client needs them, then shared by all. */
  get frame(): Uint8Array {
    this.#frame ??= encodeFrame({ id: this.id, event: this.type, retry: this.retry, data: this.json });
    return this.#frame;
  }

  /** What it costs to keep in memory, in bytes, to within a small factor: texts, frame, objects. */
  get size(): number {
    return 256 + 2 * (this.json.length + this.id.length + this.type.length);
  }
}
