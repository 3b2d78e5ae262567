import { MAX_TIMER_MS } from "../timers.ts";
import { type Client, type Full, newProgress } from "./client.ts";
import type { ClientInfo } from "./options.ts";
import { Subscriptions } from "./subscriptions.ts";
import type { Counters, RemovalReason } from "./totals.ts";

/** How often stalled clients are looked for, in ms, or more often where the timeout is short. */
const STALL_CHECK_INTERVAL_MS = 1000;

export interface ClientsOptions {
  readonly totals: Counters;
  /** How long a client may take no bytes, in ms; 0 for as long as it likes. */
  readonly stallTimeout: number;
  /** Milliseconds, on a clock that never jumps. */
  readonly now: () => number;
  /** Has a client sent what it lacks. */
  readonly replay: (client: Client) => void;
  /** Is told of every client that is added. */
  readonly added: (client: Client) => void;
  /** Is told of every client that has been removed. */
  readonly removed: (client: Client, reason: RemovalReason, error: unknown) => void;
}

/**
 * Who is connected, and the life of each client. The only place where a client's state changes:
 *
 *     add ──> replaying ──goLive──> live
 *               │   ^  <─replayLive─┘│
 *             block unblock        block
 *               v   │                │
 *              blocked <─────────────┘
 *
 *     any of them ──remove──> gone
 */
export class Clients {
  readonly subscriptions = new Subscriptions<Client>();
  readonly #options: ClientsOptions;
  readonly #byId = new Map<string, Client>();
  /** Clients whose streams are full, those that have been for the longest first. */
  readonly #blocked = new Set<Client>();
  /** Those among all of them that are about to be removed. */
  readonly #taken = new Set<Client>();
  #liveCount = 0;
  #stallCheck: ReturnType<typeof setInterval> | undefined;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** How many are connected, without those that {@link take} has taken. */
  get size(): number {
    return this.#byId.size - this.#taken.size;
  }

  get blockedCount(): number {
    return this.#blocked.size;
  }

  /** How many have yet to be sent what others have: they replay, or are blocked. */
  get behindCount(): number {
    return this.#byId.size - this.#liveCount;
  }

  /** Those that are connected, the longest first, without those that {@link take} has taken. */
  *[Symbol.iterator](): Generator<Client, void, void> {
    for (const client of this.#byId.values()) if (!this.#taken.has(client)) yield client;
  }

  /** The same as administrators see them, while the log's newest event has this position. */
  *describe(head: number): Generator<ClientInfo, void, void> {
    for (const { id, about, subscription, connectedAt, state, progress } of this) {
      const { topics, types } = subscription.interest;
      const lag = progress ? head - progress.position : 0;
      yield { id, about, topics: [...topics], types: [...types], connectedAt, state, lag };
    }
  }

  /**
   * Adds a client, which is replaying, and greets it.
   *
   * @throws whatever its stream throws; then it has not been added.
   */
  add(client: Client, greeting: Uint8Array): void {
    const { subscription } = client;
    this.#byId.set(client.id, client);
    this.#options.totals.connected++;
    subscription.add(client);
    this.#options.added(client);
    let full: Full | undefined;
    try {
      full = client.write(greeting);
    } catch (error) {
      this.remove(client, "failed", error);
      throw error;
    }
    if (full) this.#block(client, full);
    else this.#options.replay(client);
  }

  /** The client, which nobody finds any more from now on: it is about to be removed. */
  take(id: string): Client | undefined {
    const client = this.#byId.get(id);
    if (!client || this.#taken.has(client)) return undefined;
    this.#taken.add(client);
    return client;
  }

  /** A replaying client has been sent all there is, and the event id of that position. */
  goLive(client: Client, cursor: number): void {
    if (client.state !== "replaying") return;
    client.state = "live";
    client.progress = undefined;
    this.#liveCount++;
    client.subscription.goLive(client, cursor);
  }

  /**
   * Writes to a live or replaying client.
   *
   * @param position the position that the bytes bring it to.
   * @returns whether its stream takes more.
   */
  write(client: Client, bytes: Uint8Array, position: number): boolean {
    const { state, subscription } = client;
    let full: Full | undefined;
    try {
      full = client.write(bytes);
    } catch (error) {
      this.remove(client, "failed", error);
      return false;
    }
    // A stream may have its own client removed as it is written to.
    if (client.state !== state) return false;
    if (client.progress) client.progress.position = position;
    else if (full) client.progress = newProgress(position, Math.min(position, subscription.oldestCursor));
    if (full) this.#block(client, full);
    return !full;
  }

  /** Removes the client when the signal aborts. */
  removeOnAbort(client: Client, signal: AbortSignal): void {
    if (client.state === "gone") return;
    if (signal.aborted) {
      this.remove(client, "disconnected");
      return;
    }
    client.signal = signal;
    signal.addEventListener("abort", client);
  }

  /** Ends its stream, whatever its state. */
  remove(client: Client, reason: RemovalReason, error?: unknown): void {
    const { state, subscription, signal } = client;
    if (state === "gone") return;
    if (state === "live") this.#liveCount--;
    if (state === "blocked") this.#release(client);
    client.state = "gone";
    this.#byId.delete(client.id);
    this.#taken.delete(client);
    subscription.remove(client);
    this.subscriptions.release(subscription);
    this.#options.totals.removed[reason]++;
    // The signal may outlive the client: one for a whole program does.
    signal?.removeEventListener("abort", client);
    client.signal = undefined;
    client.end({ abort: state === "blocked" });
    this.#options.removed(client, reason, error);
  }

  /**
   * What comes after the position was not kept after all: who may have been sent some of it is removed,
   * and told by a gap when it comes back. The others go on.
   */
  rollBack(to: number): void {
    for (const { live, newestCursor } of this.subscriptions) {
      if (newestCursor <= to) continue;
      for (const client of live) this.remove(client, "rolled_back");
    }
    for (const client of this.#byId.values()) {
      const { progress } = client;
      if (!progress) continue;
      if (progress.position <= to) continue;
      // One whose place is not known yet has been sent nothing.
      if (progress.resume?.located === false) progress.position = to;
      else this.remove(client, "rolled_back");
    }
  }

  /** What comes after this position is missing: live clients read on from there, and are told so. */
  replayLive(after: number): void {
    for (const { live, oldestCursor } of this.subscriptions) {
      for (const client of [...live]) {
        live.delete(client);
        this.#liveCount--;
        client.state = "replaying";
        client.progress = newProgress(after, Math.min(after, oldestCursor));
        this.#options.replay(client);
      }
    }
  }

  /** Its stream is full: it is left alone until there is room again. */
  #block(client: Client, { room, rest }: Full): void {
    const { progress, state } = client;
    if (!progress || state === "gone" || state === "blocked") return;
    if (state === "live") {
      this.#liveCount--;
      client.subscription.live.delete(client);
    }
    client.state = "blocked";
    progress.rest = rest;
    progress.blockedAt = this.#options.now();
    this.#blocked.add(client);
    this.#options.totals.stalls++;
    this.#startStallCheck();
    room.then(
      () => this.#unblock(client),
      (error) => this.remove(client, "failed", error),
    );
  }

  #unblock(client: Client): void {
    if (client.state !== "blocked") return;
    client.state = "replaying";
    this.#release(client);
    this.#options.replay(client);
  }

  #release(client: Client): void {
    this.#blocked.delete(client);
    if (this.#blocked.size > 0) return;
    clearInterval(this.#stallCheck);
    this.#stallCheck = undefined;
  }

  /** Removes, in time, those that stay blocked for too long. */
  #startStallCheck(): void {
    const { stallTimeout, now } = this.#options;
    if (stallTimeout <= 0 || this.#stallCheck) return;
    const check = () => {
      const latest = now() - stallTimeout;
      for (const client of this.#blocked) {
        if ((client.progress?.blockedAt ?? 0) > latest) break;
        this.remove(client, "stalled");
      }
    };
    this.#stallCheck = setInterval(check, Math.min(STALL_CHECK_INTERVAL_MS, stallTimeout / 4, MAX_TIMER_MS));
  }
}
