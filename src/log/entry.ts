import { encodeFrame } from "../frame.ts";

/** An event that waits for its place in the log. */
export interface Draft {
  /** The publisher's; the log gives one to an event that has none. */
  readonly id: string | undefined;
  readonly type: string;
  /** The data as JSON text. */
  readonly json: string;
  /** Empty: for everyone. */
  readonly topics: readonly string[];
  readonly retry: number | undefined;
  readonly private: boolean;
}

/** An event with its place in the log. It never changes, but for what delivering it finds out. */
export class Entry implements Draft {
  /** Where it stands: each event has a higher position than the one before it. */
  readonly position: number;
  readonly id: string;
  readonly type: string;
  readonly json: string;
  readonly topics: readonly string[];
  readonly retry: number | undefined;
  readonly private: boolean;
  /** How many clients it was for when it was published. */
  recipients = 0;
  #frame: Uint8Array | undefined;

  constructor(position: number, id: string, draft: Draft) {
    this.position = position;
    this.id = id;
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

  /** What it costs to keep, in bytes, to within a small factor: texts, bytes and the objects around. */
  get size(): number {
    return 256 + 2 * (this.json.length + this.id.length + this.type.length);
  }
}
