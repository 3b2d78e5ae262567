import { EARLIEST } from "../events/names.ts";
import { Histogram } from "../log/histogram.ts";
import type { Log } from "../log/log.ts";
import { StoreFailure } from "../log/store.ts";
import { joinFrames } from "../protocol/frame.ts";
import { placeOwed } from "../protocol/place.ts";
import type { Client, Owed, Progress, Resume } from "./client.ts";
import type { Clients } from "./clients.ts";
import type { Delivery } from "./delivery.ts";
import { endOfAll } from "./ends.ts";
import { mayRead } from "./interest.ts";
import { RoundRobin } from "./round-robin.ts";
import { SharedReads } from "./shared-reads.ts";
import type { Counters } from "./totals.ts";

/** The time until a log that can't be read is tried again, in ms. */
const RETRY_MS = 1000;
/** The current values of so many events are looked at in one step. */
const VALUES_LIMIT = 64;
const REPLAY_SIZES = [0, 1, 10, 100, 1000, 10_000, 100_000];

export interface ReplayOptions {
  readonly log: Log;
  readonly clients: Clients;
  readonly delivery: Delivery;
  readonly totals: Counters;
  /** Called when the log can't be read, once for each reason until nobody waits. Clients wait until it can. */
  readonly notRead: (failure: StoreFailure) => void;
}

/**
 * Sends replaying clients the events that they missed: each from its own position in the log, in small
 * steps, until it is live.
 */
export class Replay {
  /** The number of events that each returning client was sent. */
  readonly sizes = new Histogram(REPLAY_SIZES);
  readonly #options: ReplayOptions;
  readonly #reads: SharedReads;
  readonly #clients: RoundRobin<Client>;
  #waiting: Client[] = [];
  /** Why the log could not be read, as far as that was told. */
  readonly #told = new Set<string>();

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#reads = new SharedReads(options.log);
    this.#clients = new RoundRobin(
      (client) => this.#step(client),
      () => {
        this.#reads.clear();
        if (this.#waiting.length === 0) this.#told.clear();
      },
    );
  }

  /** Takes a client that is replaying. A client that has missed nothing is live at once. */
  add(client: Client): void {
    const { delivery, log } = this.#options;
    const { progress } = client;
    const missedNothing =
      progress && !progress.rest && !progress.resume && !progress.owed && progress.position === log.head;
    // Amid a delivery, a new live client would be sent events from before its beginning.
    // Whoever adds a client is not done with it yet, so it does not end at once either.
    const isOver = progress && this.#isOver(client, progress);
    if (!missedNothing || isOver || delivery.busy) this.#clients.add(client);
    else this.#goLive(client, progress);
  }

  /** Clients that wait for the log, which can't be read. */
  get waiting(): readonly Client[] {
    return this.#waiting;
  }

  /** The log has lost events, so what was read before is void. */
  logChanged(): void {
    this.#reads.clear();
  }

  /** Returns whether there is more to send to the client. */
  async #step(client: Client): Promise<boolean> {
    try {
      return await this.#sendNext(client);
    } catch (error) {
      if (error instanceof StoreFailure) this.#wait(client, error);
      else this.#options.clients.remove(client, "failed", error);
      return false;
    }
  }

  /** The client goes on later. If it were removed, it would only come back at once. */
  #wait(client: Client, failure: StoreFailure): void {
    if (this.#waiting.push(client) > 1) return;
    const reason = String(failure.cause);
    if (!this.#told.has(reason)) this.#options.notRead(failure);
    this.#told.add(reason);
    setTimeout(() => {
      const clients = this.#waiting;
      this.#waiting = [];
      for (const waiting of clients) this.#clients.add(waiting);
    }, RETRY_MS).unref();
  }

  async #sendNext(client: Client): Promise<boolean> {
    const { log } = this.#options;
    const { progress } = client;
    if (client.state !== "replaying" || !progress) return false;
    const { rest } = progress;
    progress.rest = undefined;
    if (rest && !this.#write(client, rest, progress.position)) return false;
    if (progress.resume?.located === false && !(await this.#locate(client, progress, progress.resume)))
      return false;
    if (progress.owed) return this.#sendCurrent(client, progress, progress.owed);
    const isOver = this.#isOver(client, progress);
    if (!isOver && progress.position < log.head && !(await this.#sendEvents(client, progress))) return false;
    if (progress.owed) return true;
    // Nothing is awaited from here on, so no event can come between the end of the replay and live.
    if (progress.position < log.head && !this.#isOver(client, progress)) return true;
    if (progress.resume && !this.#endResume(client, progress, progress.resume)) return false;
    this.#goLive(client, progress);
    return false;
  }

  /** Whether the topics of a client have ended, and it has all of them. */
  #isOver({ subscription, privateTopics }: Client, { position }: Progress): boolean {
    const end = endOfAll(subscription.named, this.#options.log.store.ended, privateTopics);
    return end !== undefined && position >= end;
  }

  /** Finds the position of a returning client, or else the oldest event held. True if the stream takes more. */
  async #locate(client: Client, progress: Progress, resume: Resume): Promise<boolean> {
    const { log } = this.#options;
    const { from, mayKnow } = resume;
    const owedAt = placeOwed(from);
    const left = from === EARLIEST ? undefined : await log.locate(owedAt ?? from, mayKnow);
    if (client.state !== "replaying") return false;
    const { earliest = log.head + 1 } = log;
    progress.position = progress.cursor = left ?? earliest - 1;
    resume.located = true;
    const isGap = left === undefined && from !== EARLIEST;
    if ((isGap || owedAt !== undefined) && isOwed(client, log)) {
      progress.owed = { after: 0, upTo: progress.position, count: 0 };
    }
    return left !== undefined || from === EARLIEST || this.#tellGap(client, from, progress.position);
  }

  /** Sends some of the events that a client missed. True if the stream takes more. */
  async #sendEvents(client: Client, progress: Progress): Promise<boolean> {
    const { log, totals } = this.#options;
    const { chunks, upTo, missing } = await this.#reads.read(client, progress.position);
    if (client.state !== "replaying") return false;
    if (missing) {
      const after = progress.position;
      // It has had those before. Others may have been set by what is missing.
      if (isOwed(client, log)) progress.owed = { after, upTo: missing.to, count: 0 };
      const hasRoom = this.#tellGap(client, log.place(after), missing.to);
      if (!hasRoom || progress.owed) return hasRoom;
    }
    for (const { bytes, position, count } of chunks) {
      if (progress.resume) progress.resume.count += count;
      totals.delivered += count;
      totals.replayed += count;
      totals.bytes += bytes.length;
      progress.cursor = position;
      if (!this.#write(client, bytes, position)) return false;
    }
    progress.position = upTo;
    return true;
  }

  /** Sends some of the current values, and at their end how many they were. True if the stream takes more. */
  #sendCurrent(client: Client, progress: Progress, owed: Owed): boolean {
    const { log, totals } = this.#options;
    const { subscription, privateTopics } = client;
    const stretch = log.store.current?.read(owed.after, owed.upTo, VALUES_LIMIT);
    const frames: Uint8Array[] = [];
    const format = subscription.format.current;
    for (const { entry, topics } of stretch?.values ?? []) {
      const { type } = entry;
      if (!subscription.asksFor({ type, topics, private: entry.private }) || !mayRead(privateTopics, entry)) {
        continue;
      }
      if (format) frames.push(format.valueOf(entry));
    }
    owed.after = stretch?.upTo ?? owed.upTo;
    owed.count += frames.length;
    totals.delivered += frames.length;
    if (owed.after >= owed.upTo) {
      progress.owed = undefined;
      const place = log.place(owed.upTo);
      if (format) frames.push(format.end({ count: owed.count }, place));
      progress.cursor = owed.upTo;
    }
    if (frames.length === 0) return this.#goesOn(client, progress);
    const bytes = joinFrames(frames);
    totals.bytes += bytes.length;
    const hasRoom = this.#write(client, bytes, progress.position);
    return hasRoom && this.#goesOn(client, progress);
  }

  /** Whether there is more to send; a client that has all is live, or has come to its end. */
  #goesOn(client: Client, progress: Progress): boolean {
    const { position, owed, resume } = progress;
    if (owed || resume || position < this.#options.log.head) return true;
    this.#goLive(client, progress);
    return false;
  }

  /**
   * Tells a client of a gap: events up to this position are no longer held. True if the stream takes more.
   *
   * @param requested the cursor after which events are missing
   */
  #tellGap(client: Client, requested: string, to: number): boolean {
    const { log, totals } = this.#options;
    totals.gaps++;
    const earliest = to < log.head ? log.place(to + 1) : null;
    return this.#write(client, client.subscription.format.gap({ requested, earliest }), to);
  }

  /** Tells a client that its replay is complete. True if the stream takes more. */
  #endResume(client: Client, progress: Progress, { from, count }: Resume): boolean {
    progress.resume = undefined;
    this.sizes.add(count);
    const told = client.subscription.format.resumed({ from, count });
    return told.length === 0 || this.#write(client, told, progress.position);
  }

  #write(client: Client, bytes: Uint8Array, position: number): boolean {
    this.#clients.wrote(bytes.length);
    return this.#options.clients.write(client, bytes, position);
  }

  #goLive(client: Client, progress: Progress): void {
    const { delivery, clients } = this.#options;
    if (this.#isOver(client, progress)) {
      delivery.finish(client, progress.position);
      return;
    }
    // A write to a stream may remove this client.
    delivery.flush();
    clients.goLive(client, progress.cursor);
  }
}

/** Whether there are current values that the client may have to be sent. */
function isOwed({ subscription }: Client, log: Log): boolean {
  return log.hasCurrent && subscription.format.current !== undefined;
}
