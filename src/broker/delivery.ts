import type { Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import { chunksOf } from "./chunks.ts";
import type { Client } from "./client.ts";
import type { Clients } from "./clients.ts";
import type { Batch, Subscription } from "./subscription.ts";
import type { Counters } from "./totals.ts";
import { WriteCoalescer } from "./write-coalescing.ts";

export interface DeliveryOptions {
  readonly log: Log;
  readonly clients: Clients;
  readonly totals: Counters;
  /** Is told of what has just been delivered to the live clients, the oldest of it published at `since`. */
  readonly delivered: (entries: readonly Entry[], since: number) => void;
}

/** Brings live clients the events of the log as they are kept. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #coalescer = new WriteCoalescer((entries, since) => this.#deliverAll(entries, since));
  /** Subscriptions that ask for what waits to be delivered. */
  #subscriptions: Subscription<Client>[] = [];
  #busy = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Whether live clients are being written to: one of their streams may be who asks. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Brings the live clients what has just been kept, now or together with what follows closely. */
  deliver(entries: readonly Entry[], since: number): void {
    const { clients, totals } = this.#options;
    for (const entry of entries) {
      for (const subscription of clients.subscriptions.find(entry)) {
        if (subscription.push(entry)) this.#subscriptions.push(subscription);
      }
    }
    clients.subscriptions.forgetMatches();
    totals.published += entries.length;
    this.#coalescer.add(entries, since);
  }

  /** Has the live clients sent all that waits: whoever joins them, or is removed, must find it so. */
  flush(): void {
    this.#coalescer.flush();
  }

  /** Writes what is no event to all live clients. The others are busy, or take nothing. */
  writeToLive(bytes: Uint8Array): void {
    const { clients, log } = this.#options;
    this.flush();
    for (const { live } of clients.subscriptions) {
      for (const client of live) clients.write(client, bytes, log.head);
    }
  }

  /** Writes what is no event to one client, unless its stream is full: it may be amid an event. */
  writeAside(client: Client, bytes: Uint8Array): void {
    this.flush();
    const { state, progress } = client;
    if (state === "gone" || state === "blocked" || progress?.rest) return;
    this.#options.clients.write(client, bytes, progress?.position ?? this.#options.log.head);
  }

  #deliverAll(entries: readonly Entry[], since: number): number {
    const subscriptions = this.#subscriptions;
    this.#subscriptions = [];
    let writes = 0;
    this.#busy = true;
    for (const subscription of subscriptions) {
      for (const batch of subscription.takeBatches()) writes += this.#deliverBatch(batch, subscription.live);
    }
    this.#busy = false;
    this.#options.delivered(entries, since);
    return writes;
  }

  /** Writes to readers what is for them; answers how often. */
  #deliverBatch({ readers, entries }: Batch<Client>, live: ReadonlySet<Client>): number {
    if (readers.size === 0) return 0;
    const { clients, totals } = this.#options;
    let writes = 0;
    for (const { bytes, position, count } of chunksOf(entries)) {
      let written = 0;
      for (const client of readers) {
        // One that was blocked by an earlier chunk gets the rest when it has room.
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
