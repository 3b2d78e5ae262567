import { EARLIEST } from "../events/names.ts";
import { Histogram } from "../log/histogram.ts";
import type { Log } from "../log/log.ts";
import { StoreFailure } from "../log/store.ts";
import { HubEvent } from "../protocol/hub-events.ts";
import type { Client, Progress, Resume } from "./client.ts";
import type { Clients } from "./clients.ts";
import type { Delivery } from "./delivery.ts";
import { hubFrame } from "./hub-frames.ts";
import { RoundRobin } from "./round-robin.ts";
import { SharedReads } from "./shared-reads.ts";
import type { Counters } from "./totals.ts";

/** How long clients wait that can't be replayed to because the log can't be read, in ms. */
const RETRY_MS = 1000;
const REPLAY_SIZES = [0, 1, 10, 100, 1000, 10_000, 100_000];

export interface ReplayOptions {
  readonly log: Log;
  readonly clients: Clients;
  readonly delivery: Delivery;
  readonly totals: Counters;
  /** The log can't be read: clients wait until it can. */
  readonly notRead: (failure: StoreFailure) => void;
}

/**
 * Brings clients that come back, or whose streams were full, the events that they lack: each from its
 * own position in the log, in small steps, until it is live.
 */
export class Replay {
  /** How many events clients were sent that had said where they left off. */
  readonly sizes = new Histogram(REPLAY_SIZES);
  readonly #options: ReplayOptions;
  readonly #reads: SharedReads;
  readonly #clients: RoundRobin<Client>;
  #waiting: Client[] = [];

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#reads = new SharedReads(options.log);
    this.#clients = new RoundRobin(
      (client) => this.#step(client),
      () => this.#reads.clear(),
    );
  }

  /** Takes a client that is replaying. One that lacks nothing is live at once. */
  add(client: Client): void {
    const { delivery, log } = this.#options;
    const { progress } = client;
    const lacksNothing = progress && !progress.rest && !progress.resume && progress.position === log.head;
    // Amid a delivery it would be sent what is before its beginning.
    if (!lacksNothing || delivery.busy) this.#clients.add(client);
    else this.#goLive(client, progress);
  }

  /** Clients that wait for the log, which can't be read. */
  get waiting(): readonly Client[] {
    return this.#waiting;
  }

  /** What has been read is no longer so. */
  logChanged(): void {
    this.#reads.clear();
  }

  /** True if there is more to send to the client. */
  async #step(client: Client): Promise<boolean> {
    try {
      return await this.#sendNext(client);
    } catch (error) {
      if (error instanceof StoreFailure) this.#wait(client, error);
      else this.#options.clients.remove(client, "failed", error);
      return false;
    }
  }

  /** Has the client go on later: to send it away would only bring it back at once. */
  #wait(client: Client, failure: StoreFailure): void {
    if (this.#waiting.push(client) > 1) return;
    this.#options.notRead(failure);
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
    if (progress.position < log.head && !(await this.#sendEvents(client, progress))) return false;
    // From here on nothing is awaited: a client found at the head is live before anything follows.
    if (progress.position < log.head) return true;
    if (progress.resume && !this.#endResume(client, progress, progress.resume)) return false;
    this.#goLive(client, progress);
    return false;
  }

  /** Puts a client where it left off, or before the oldest event that is held; true if it takes more. */
  async #locate(client: Client, progress: Progress, resume: Resume): Promise<boolean> {
    const { log } = this.#options;
    const { from, mayKnow } = resume;
    const left = from === EARLIEST ? undefined : await log.locate(from, mayKnow);
    if (client.state !== "replaying") return false;
    const { earliest = log.head + 1 } = log;
    progress.position = progress.cursor = left ?? earliest - 1;
    resume.located = true;
    return left !== undefined || from === EARLIEST || this.#tellGap(client, from, progress.position);
  }

  /** Sends some of the events that a client lacks; true if it takes more. */
  async #sendEvents(client: Client, progress: Progress): Promise<boolean> {
    const { log, totals } = this.#options;
    const { chunks, upTo, missing } = await this.#reads.read(client, progress.position);
    if (client.state !== "replaying") return false;
    if (missing && !this.#tellGap(client, log.place(progress.position), missing.to)) return false;
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

  /**
   * Tells a client that events are missing up to this position, and has it go on after them; true if
   * it takes more.
   *
   * @param requested from where on they are missing.
   */
  #tellGap(client: Client, requested: string, to: number): boolean {
    const { log, totals } = this.#options;
    totals.gaps++;
    const earliest = to < log.head ? log.place(to + 1) : null;
    return this.#write(client, hubFrame(HubEvent.gap, { requested, earliest }), to);
  }

  /** Tells a client that it has all that it missed; true if it takes more. */
  #endResume(client: Client, progress: Progress, { from, count }: Resume): boolean {
    progress.resume = undefined;
    this.sizes.add(count);
    return this.#write(client, hubFrame(HubEvent.resumed, { from, count }), progress.position);
  }

  #write(client: Client, bytes: Uint8Array, position: number): boolean {
    this.#clients.wrote(bytes.length);
    return this.#options.clients.write(client, bytes, position);
  }

  #goLive(client: Client, { cursor }: Progress): void {
    const { delivery, clients } = this.#options;
    // A stream that is written to here may have this client removed.
    delivery.flush();
    clients.goLive(client, cursor);
  }
}
