import type { Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import { turn } from "../timers.ts";
import { Filter, type Interest } from "./interest.ts";

/** The number of events in one read of the log. */
const READ_LIMIT = 256;
/** The most reads for one page. Few events may match; the search goes on with the next page. */
const MAX_READS = 80;
/** A page ends when it has this size, in bytes. Its last event may exceed it. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** A piece of a page ends when it has this length, in characters. Its last event may exceed it. */
const PIECE_LENGTH = 64 * 1024;

/** Which events a page of the history holds, and how they read. */
export interface PageOptions {
  /** The position before the first event. */
  readonly after: number;
  /** The most events on the page. */
  readonly limit: number;
  /** Writes an event as text. */
  readonly toText: (entry: Entry) => string;
}

/**
 * A page of the stored events, oldest first, in pieces. Each piece is read and written on demand, so a
 * reader that stops reading holds no more than one piece in memory.
 */
export class HistoryPage {
  readonly #log: Log;
  readonly #filter: Filter;
  /** Topics as a hint for the store. */
  readonly #topics: readonly string[] | undefined;
  readonly #options: PageOptions;
  /** Entries that were read but not yet examined. */
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

  /** The position after which the next page begins. */
  get position(): number {
    return this.#position;
  }

  /** Whether the log has events after it. */
  get more(): boolean {
    return this.#position < this.#log.head;
  }

  /** The first and the last position of events that belong on the page, but can't be read any more. */
  get missing(): { readonly from: number; readonly to: number } | undefined {
    return this.#missing;
  }

  /**
   * The next piece: events as text, with commas between them. Undefined at the end of the page.
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
      let examined = 0;
      for (const entry of this.#rest) {
        examined++;
        this.#position = entry.position;
        if (this.#filter.wants(entry)) text += this.#written(entry);
        if (this.#ended || text.length >= PIECE_LENGTH) break;
      }
      this.#rest = this.#rest.slice(examined);
      if (this.#rest.length === 0 && !this.#ended) this.#position = this.#upTo;
    }
    if (text === "") return undefined;
    // Otherwise a fast reader would hold up everyone else until its page is complete.
    await turn();
    return text;
  }

  /** Frees the entries that were read ahead. The next piece reads them again. */
  forget(): void {
    this.#rest = [];
    this.#upTo = this.#position;
  }

  #written(entry: Entry): string {
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
    // A search that finds nothing would hold up everyone else.
    if (this.#reads > 1) await turn();
    const { entries, upTo, missing } = await this.#log.read(this.#position, READ_LIMIT, this.#topics);
    if (missing && this.#position > after) {
      // The next page begins with the missing events, and reports them.
      this.#ended = true;
      return;
    }
    this.#missing ??= missing;
    this.#rest = entries;
    this.#upTo = upTo;
    if (entries.length === 0) this.#position = upTo;
  }
}
