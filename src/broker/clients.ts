import type { Lost } from "../log/log.ts";
import { MAX_TIMER_MS } from "../timers.ts";
import { shownPattern } from "../topics/matcher.ts";
import { type Client, type Full, newProgress } from "./client.ts";
import type { ClientInfo } from "./options.ts";
import { Subscriptions } from "./subscriptions.ts";
import type { Counters, RemovalReason } from "./totals.ts";

/** The longest time between two checks for stalled clients, in ms. */
const STALL_CHECK_INTERVAL_MS = 1000;

export interface ClientsOptions {
  readonly totals: Counters;
  /** How long a client may stay blocked, in ms; 0 for ever. */
  readonly stallTimeout: number;
  /** A clock that never jumps, in milliseconds. */
  readonly now: () => number;
  /** Starts the replay of a client. */
  readonly replay: (client: Client) => void;
  /** Is told of every client that is added. */
  readonly added: (client: Client) => void;
  /** Called for every client that has been removed. */
  readonly removed: (client: Client, reason: RemovalReason, error: unknown) => void;
}

/**
 * The connected clients, and their states. Only this file changes the state of a client:
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
  /** The blocked clients, the longest blocked first. */
  readonly #blocked = new Set<Client>();
  /** Clients that are about to be removed: nobody finds them any more. */
  readonly #taken = new Set<Client>();
  #liveCount = 0;
  #stallCheck: ReturnType<typeof setInterval> | undefined;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** The number of clients, without those that {@link take} has taken. */
  get size(): number {
    return this.#byId.size - this.#taken.size;
  }

  get blockedCount(): number {
    return this.#blocked.size;
  }

  /** The number of clients that are replaying or blocked. */
  get behindCount(): number {
    return this.#byId.size - this.#liveCount;
  }

  /** The clients, the oldest connection first, without those that {@link take} has taken. */
  *[Symbol.iterator](): Generator<Client, void, void> {
    for (const client of this.#byId.values()) if (!this.#taken.has(client)) yield client;
  }

  /**
   * The clients as administrators see them, or those that ask for a topic of the pattern. `head` is the position of
   * the log's newest event.
   */
  *describe(head: number, pattern?: string): Generator<ClientInfo, void, void> {
    const wanted = pattern === undefined ? undefined : new Set(this.subscriptions.askingFor(pattern));
    for (const { id, about, subscription, connectedAt, state, progress } of this) {
      if (wanted && !wanted.has(subscription)) continue;
      const { topics: patterns, types } = subscription.interest;
      const topics = [...new Set(patterns.map(shownPattern))];
      const lag = progress ? head - progress.position : 0;
      yield { id, about, topics, types: [...types], connectedAt, state, lag };
    }
  }

  /**
   * Adds a client, which is replaying, and writes the greeting to it.
   *
   * @throws the error of its stream; then the client has not been added.
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

  /** The client with this id, unless it has been taken. */
  find(id: string): Client | undefined {
    const client = this.#byId.get(id);
    return client && !this.#taken.has(client) ? client : undefined;
  }

  /** Takes a client that is about to be removed. Nobody else finds it from now on. */
  take(id: string): Client | undefined {
    const client = this.find(id);
    if (client) this.#taken.add(client);
    return client;
  }

  /** A replaying client has reached the head of the log. `cursor` is the position of its last event id. */
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
    // A write to a stream may remove its own client.
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

  /** Removes a client in any state, and ends its stream. */
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
    // A signal may outlive the client, for example one for the whole program.
    signal?.removeEventListener("abort", client);
    client.signal = undefined;
    client.end({ abort: state === "blocked" });
    this.#options.removed(client, reason, error);
  }

  /**
   * The store has lost the events after this position. Clients that may have been sent some of them are
   * removed; they are told of a gap when they come back. The others stay.
   */
  rollBack(to: number, lost: Lost): void {
    const end = lost.place(lost.end);
    for (const { live, newestCursor } of this.subscriptions) {
      if (newestCursor <= to) continue;
      for (const client of [...live]) this.#removeLost(client, to, end);
    }
    for (const client of this.#byId.values()) {
      const { progress } = client;
      if (!progress) continue;
      if (progress.position <= to) continue;
      // A client whose position is not found yet has been sent nothing.
      if (progress.resume?.located === false) progress.position = to;
      else this.#removeLost(client, to, lost.place(progress.position));
    }
  }

  /**
   * Removes a client that has been sent what is lost. Its cursor may be the id of an event that a publisher has
   * published again since: then the log has that id at another place, and no gap would be told there. So the
   * cursor becomes the place among the lost events that the client has come to, which no other event ever has.
   */
  #removeLost(client: Client, to: number, place: string): void {
    const { state, progress, subscription } = client;
    if (state !== "blocked" && !progress?.rest) this.write(client, subscription.format.position(place), to);
    this.remove(client, "rolled_back");
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

  /** The stream of a client is full: the client is sent nothing until there is room again. */
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
    this.#options.totals.blocked++;
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

  /** Removes clients that stay blocked for longer than the stall timeout. */
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
