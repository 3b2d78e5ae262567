import type { Log } from "../log/log.ts";
import type { Stretch } from "../log/store.ts";
import { widened } from "../topics/matcher.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import type { Client } from "./client.ts";
import { mayRead, type PrivateTopics, patternsOf } from "./interest.ts";
import type { Subscription } from "./subscription.ts";

/** The number of positions in one read of the log. */
const READ_LIMIT = 256;
/** The most memory for reads that are kept for other clients, in bytes. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;
/** The memory of a read besides its frames, in bytes, roughly. */
const READ_BYTES = 512;

/** A stretch of the log, as chunks for a client. */
export interface ReplayedStretch extends Pick<Stretch, "upTo" | "missing"> {
  readonly chunks: Iterable<Chunk>;
}

/** A stretch without private events, for all clients of a subscription. */
interface SharedRead extends ReplayedStretch {
  /** Whether the stretch has private events as well. */
  readonly hasPrivate: boolean;
  readonly bytes: number;
}

/**
 * Reads the log for replaying clients. When thousands come back at once, they ask for the same events:
 * each stretch is read and encoded once for all of them, in bounded memory.
 */
export class SharedReads {
  readonly #log: Log;
  readonly #kept = new Map<Subscription<Client>, Map<number, SharedRead>>();
  #keptBytes = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The next events after the position, for this client. @throws StoreFailure */
  async read({ subscription, privateTopics }: Client, after: number): Promise<ReplayedStretch> {
    const shared =
      this.#kept.get(subscription)?.get(after) ?? (await this.#read(subscription, after, undefined));
    return shared.hasPrivate && privateTopics ? this.#read(subscription, after, privateTopics) : shared;
  }

  /** Frees what is kept, because nobody is replaying or the log has changed. */
  clear(): void {
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  async #read(
    subscription: Subscription<Client>,
    after: number,
    privateTopics: PrivateTopics,
  ): Promise<SharedRead> {
    // Reads end at multiples of the limit, so clients soon share stretches wherever they begin.
    const limit = READ_LIMIT - (after % READ_LIMIT);
    const hints = patternsOf(subscription.interest).map(widened);
    const { entries, upTo, missing } = await this.#log.read(after, limit, hints);
    const wanted = entries.filter((entry) => subscription.asksFor(entry));
    const readable = wanted.filter((entry) => mayRead(privateTopics, entry));
    const chunks = [...chunksOf(readable, subscription.format)];
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, READ_BYTES);
    const read = { upTo, missing, chunks, hasPrivate: readable.length < wanted.length, bytes };
    // A store may read less at once. The newest stretch still grows, so it is not kept.
    const isWhole = upTo - after === limit || upTo < this.#log.head;
    if (!privateTopics && upTo > after && isWhole) this.#keep(subscription, after, read);
    return read;
  }

  #keep(subscription: Subscription<Client>, after: number, read: SharedRead): void {
    if (read.bytes > MAX_KEPT_BYTES / 4) return;
    if (this.#keptBytes + read.bytes > MAX_KEPT_BYTES) this.clear();
    const kept = this.#kept.get(subscription) ?? new Map<number, SharedRead>();
    this.#kept.set(subscription, kept.set(after, read));
    this.#keptBytes += read.bytes;
  }
}
