import type { Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import { turn } from "../timers.ts";
import { Filter, type Interest } from "./interest.ts";

/** How many events are read from the log at once. */
const READ_LIMIT = 256;
/** Few of them may match; after so many reads the search for more ends, and goes on with the next page. */
const MAX_READS = 80;
/** A page is this large, or one event more, in bytes. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** One piece of a page is this large, or one event more, in characters. */
const PIECE_LENGTH = 64 * 1024;

/** What a page of the history holds. */
export interface PageOptions {
  /** The position after which it begins. */
  readonly after: number;
  /** How many events there are on it at most. */
  readonly limit: number;
  /** Words an event for the page. */
  readonly toText: (entry: Entry) => string;
}

/**
 * A page of the stored events, oldest first, in pieces: each is read and worded when it is asked for,
 * so that a reader who does not read costs no more than one.
 */
export class HistoryPage {
  readonly #log: Log;
  readonly #filter: Filter;
  /** A hint for the store. */
  readonly #topics: readonly string[] | undefined;
  readonly #options: PageOptions;
  /** What was read and has yet to be looked at. */
  #rest: readonly Entry[] = [];
  #upTo: number;
  #position: number;
  #missing: { readonly from: number; readonly to: number } | undefined;
  #count = 0;
  #bytes = 0;
  #reads = 0;
  #ended = false;

  constructor(log: Log, interest: Interest, options: PageOptions) {
    this.#log = log;
    this.#filter = new Filter(interest);
    this.#topics = interest.topics.length > 0 ? interest.topics : undefined;
    this.#options = options;
    this.#position = this.#upTo = options.after;
  }

  /** The next page begins after this position. */
  get position(): number {
    return this.#position;
  }

  /** Whether there is something after it by now. */
  get more(): boolean {
    return this.#position < this.#log.head;
  }

  /** These positions, both included, were to be on the page, and can't be read any more. */
  get missing(): { readonly from: number; readonly to: number } | undefined {
    return this.#missing;
  }

  /**
   * The next piece, events as they were worded, with commas between them; undefined at the end.
   *
   * @throws StoreFailure
   */
  async next(): Promise<string | undefined> {
    let text = "";
    while (!this.#ended && text.length < PIECE_LENGTH) {
      if (this.#rest.length === 0) {
        await this.#read();
        continue;
      }
      let looked = 0;
      for (const entry of this.#rest) {
        looked++;
        this.#position = entry.position;
        if (this.#filter.wants(entry)) text += this.#worded(entry);
        if (this.#ended || text.length >= PIECE_LENGTH) break;
      }
      this.#rest = this.#rest.slice(looked);
      if (this.#rest.length === 0 && !this.#ended) this.#position = this.#upTo;
    }
    if (text === "") return undefined;
    // A reader that takes all at once would have everyone else wait for its page.
    await turn();
    return text;
  }

  /** Lets go of what was read ahead. It is read again for the next piece. */
  forget(): void {
    this.#rest = [];
    this.#upTo = this.#position;
  }

  #worded(entry: Entry): string {
    const text = this.#options.toText(entry);
    this.#bytes += Buffer.byteLength(text);
    this.#count++;
    if (this.#count === this.#options.limit || this.#bytes >= PAGE_BYTES) this.#ended = true;
    return this.#count === 1 ? text : `,${text}`;
  }

  async #read(): Promise<void> {
    const { after } = this.#options;
    if (!this.more || this.#reads++ === MAX_READS) {
      this.#ended = true;
      return;
    }
    const { entries, upTo, missing } = await this.#log.read(this.#position, READ_LIMIT, this.#topics);
    if (missing && this.#position > after) {
      // The next page begins with what is missing, and says so.
      this.#ended = true;
      return;
    }
    this.#missing ??= missing;
    this.#rest = entries;
    this.#upTo = upTo;
    if (entries.length > 0) return;
    this.#position = upTo;
    await turn();
  }
}
