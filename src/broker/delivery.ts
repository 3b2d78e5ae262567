import type { Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import { encodeRetry, joinFrames } from "../protocol/frame.ts";
import { chunksOf } from "./chunks.ts";
import type { Client } from "./client.ts";
import type { Clients } from "./clients.ts";
import { endOfAll } from "./ends.ts";
import type { Batch, Subscription } from "./subscription.ts";
import type { Counters } from "./totals.ts";
import { WriteCoalescer } from "./write-coalescing.ts";

/** The readers of a topic that has ended come back within this time, in ms, and not all at once. */
const RETURN_WITHIN_MS = 1000;

export interface DeliveryOptions {
  readonly log: Log;
  readonly clients: Clients;
  readonly totals: Counters;
  /** A clock that never jumps, in milliseconds. */
  readonly now: () => number;
  /** Called after a delivery to the live clients. The oldest of its events was published at `since`. */
  readonly delivered: (entries: readonly Entry[], since: number) => void;
}

/** Delivers events to live clients as the log keeps them. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #coalescer: WriteCoalescer;
  /** Subscriptions with events that wait for delivery. */
  #subscriptions: Subscription<Client>[] = [];
  #busy = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#coalescer = new WriteCoalescer((entries, since) => this.#deliverAll(entries, since), options.now);
  }

  /** Whether live clients are being written to. One of their streams may be the caller. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Delivers new events to the live clients: now, or together with events that follow closely. */
  deliver(entries: readonly Entry[], since: number): void {
    const { clients, totals } = this.#options;
    for (const entry of entries) {
      // It only has a place.
      if (entry.erased) continue;
      for (const subscription of clients.subscriptions.find(entry)) {
        if (subscription.push(entry)) this.#subscriptions.push(subscription);
      }
    }
    clients.subscriptions.forgetMatches();
    totals.published += entries.length;
    this.#coalescer.add(entries, since);
  }

  /** Writes all events that wait. It comes before a client becomes live, or is removed. */
  flush(): void {
    this.#coalescer.flush();
  }

  /** Sends a keep-alive to the live clients, and to those that wait for the log. */
  keepAlive(waiting: Iterable<Client>): void {
    this.flush();
    for (const subscription of this.#options.clients.subscriptions) {
      this.#writeToLive(subscription, subscription.format.keepAlive);
    }
    for (const client of waiting) this.writeAside(client, client.subscription.format.keepAlive);
  }

  /**
   * Moves the cursors of live clients that are older than half of the events that are held. So no
   * cursor is trimmed from the log while its reader is connected, which would cause a false gap.
   */
  moveCursors(): void {
    const { clients, log } = this.#options;
    this.flush();
    const { head, earliest = head + 1 } = log;
    const oldest = (earliest - 1 + head) / 2;
    const place = log.place(head);
    for (const subscription of clients.subscriptions) {
      if (subscription.live.size === 0 || subscription.oldestCursor >= oldest) continue;
      subscription.moveCursors(head);
      this.#writeToLive(subscription, subscription.format.position(place));
    }
  }

  /** Writes bytes between events to one client. A blocked client gets none: it may be amid an event. */
  writeAside(client: Client, bytes: Uint8Array): void {
    this.flush();
    if (!this.isReady(client)) return;
    this.#options.clients.write(client, bytes, client.progress?.position ?? this.#options.log.head);
  }

  /** Whether a client takes bytes now, between events. */
  isReady({ state, progress }: Client): boolean {
    return state !== "gone" && state !== "blocked" && !progress?.rest;
  }

  /**
   * Ends the stream of a client that has all of its topics, which have ended. It comes back soon, to be told
   * that there is no more: from a place, since the id of its last event may stand for another one too, or go.
   *
   * @param position the position that it has come to
   */
  finish(client: Client, position: number): void {
    const { clients, log } = this.#options;
    const { progress, subscription } = client;
    if (!progress?.isFinishing) {
      const retry = encodeRetry(Math.round(Math.random() * RETURN_WITHIN_MS));
      const bytes = joinFrames([retry, subscription.format.position(log.place(position))]);
      if (!clients.write(client, bytes, position)) {
        // Its stream is full: it comes here again when there is room.
        if (client.progress) client.progress.isFinishing = true;
        return;
      }
    }
    clients.remove(client, "ended");
  }

  #writeToLive({ live }: Subscription<Client>, bytes: Uint8Array): void {
    const { clients, log } = this.#options;
    for (const client of live) clients.write(client, bytes, log.head);
  }

  #deliverAll(entries: readonly Entry[], since: number): number {
    const subscriptions = this.#subscriptions;
    this.#subscriptions = [];
    let writes = 0;
    this.#busy = true;
    for (const subscription of subscriptions) {
      for (const batch of subscription.takeBatches()) writes += this.#deliverBatch(batch, subscription);
    }
    this.#options.clients.subscriptions.formats.forget();
    this.#busy = false;
    for (const entry of entries) {
      if (entry.end) this.#finishReaders(entry.topics, entries.at(-1)?.position ?? 0);
    }
    this.#options.delivered(entries, since);
    return writes;
  }

  /** Ends the streams of live clients that had all of their topics by this position: these have just ended. */
  #finishReaders(topics: readonly string[], position: number): void {
    const { clients, log } = this.#options;
    for (const { named, live } of clients.subscriptions.onTopics(topics)) {
      if (!named) continue;
      for (const client of [...live]) {
        const end = endOfAll(named, log.store.ended, client.privateTopics);
        // The end of another topic may be about to be delivered.
        if (end === undefined || end > position) continue;
        this.finish(client, position);
      }
    }
  }

  /** Writes a batch to its readers. Returns the number of writes. */
  #deliverBatch({ readers, entries }: Batch<Client>, { live, format }: Subscription<Client>): number {
    if (readers.size === 0) return 0;
    const { clients, totals } = this.#options;
    let writes = 0;
    for (const { bytes, position, count } of chunksOf(entries, format)) {
      let written = 0;
      for (const client of readers) {
        // An earlier chunk may have blocked it. It gets the rest when it has room.
        if (readers !== live && !live.has(client)) continue;
        written++;
        clients.write(client, bytes, position);
      }
      totals.delivered += count * written;
      totals.bytes += bytes.length * written;
      writes += written;
    }
    return writes;
  }
}
