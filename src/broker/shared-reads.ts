import type { Log } from "../log/log.ts";
import type { Stretch } from "../log/store.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import type { Client } from "./client.ts";
import { mayRead, patternsOf } from "./interest.ts";
import type { Subscription } from "./subscription.ts";

/** How many positions of the log are read at once. */
const READ_LIMIT = 256;
/** What is kept for others to use takes no more than this, in bytes. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/** A stretch of the log as a client is sent it. */
export interface ReplayedStretch extends Pick<Stretch, "upTo" | "missing"> {
  readonly chunks: Iterable<Chunk>;
}

/** The same for all clients of a subscription. */
interface SharedRead {
  readonly stretch: Stretch;
  /** All that the subscription asks for, save what is private. */
  readonly chunks: readonly Chunk[];
  readonly hasPrivate: boolean;
  readonly bytes: number;
}

/**
 * The log as replaying clients read it. Thousands that come back at once ask for the same: what one
 * of them has read and encoded is there for the others, in bounded memory.
 */
export class SharedReads {
  readonly #log: Log;
  readonly #kept = new Map<Subscription<Client>, Map<number, SharedRead>>();
  #keptBytes = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** What comes after the position, for this client. @throws StoreFailure */
  async read({ subscription, privateTopics }: Client, after: number): Promise<ReplayedStretch> {
    const { stretch, chunks, hasPrivate } =
      this.#kept.get(subscription)?.get(after) ?? (await this.#read(subscription, after));
    const { upTo, missing } = stretch;
    if (!hasPrivate || !privateTopics) return { upTo, missing, chunks };
    const own = stretch.entries.filter(
      (entry) => subscription.asksFor(entry) && mayRead(privateTopics, entry),
    );
    return { upTo, missing, chunks: chunksOf(own) };
  }

  /** Forgets what was kept: nobody is replaying, or the log has changed. */
  clear(): void {
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  async #read(subscription: Subscription<Client>, after: number): Promise<SharedRead> {
    // Wherever clients begin, they soon read the same stretches.
    const limit = READ_LIMIT - (after % READ_LIMIT);
    const stretch = await this.#log.read(after, limit, patternsOf(subscription.interest));
    const wanted = stretch.entries.filter((entry) => subscription.asksFor(entry));
    const open = wanted.filter((entry) => !entry.private);
    const chunks = [...chunksOf(open)];
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
    const read = { stretch, chunks, hasPrivate: open.length < wanted.length, bytes };
    // The newest stretch grows.
    if (stretch.upTo - after === limit) this.#keep(subscription, after, read);
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
