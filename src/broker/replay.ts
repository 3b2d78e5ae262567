import { EARLIEST } from "../events/names.ts";
import { Histogram } from "../log/histogram.ts";
import type { Log } from "../log/log.ts";
import type { MayRead } from "../log/store.ts";
import { hubFrame } from "../protocol/frame.ts";
import { chunksOf } from "./chunks.ts";
import type { Client, Progress, Resume } from "./client.ts";
import type { Clients } from "./clients.ts";
import type { Delivery } from "./delivery.ts";
import { mayRead } from "./interest.ts";
import { RoundRobin } from "./round-robin.ts";
import type { Counters } from "./totals.ts";

/** How many events a client reads from the log at once. */
const READ_LIMIT = 256;
const REPLAY_SIZES = [0, 1, 10, 100, 1000, 10_000, 100_000];

export interface ReplayOptions {
  readonly log: Log;
  readonly clients: Clients;
  readonly delivery: Delivery;
  readonly totals: Counters;
}

/**
 * Brings clients that come back, or whose streams were full, the events that they lack: each from its
 * own position in the log, in small steps, until it is live.
 */
export class Replay {
  /** How many events clients were sent that had said where they left off. */
  readonly sizes = new Histogram(REPLAY_SIZES);
  readonly #options: ReplayOptions;
  readonly #clients = new RoundRobin<Client>((client) => this.#step(client));

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** Takes a client that is replaying. One that lacks nothing is live at once. */
  add(client: Client): void {
    const { delivery, log } = this.#options;
    const { progress } = client;
    const lacksNothing = progress && !progress.rest && !progress.resume && progress.position === log.head;
    // Amid a delivery it would be sent what is before its beginning.
    if (!lacksNothing || delivery.busy) this.#clients.add(client);
    else this.#goLive(client);
  }

  /** True if there is more to send to the client. */
  async #step(client: Client): Promise<boolean> {
    const { clients } = this.#options;
    try {
      return await this.#sendNext(client);
    } catch (error) {
      clients.remove(client, "failed", error);
      return false;
    }
  }

  async #sendNext(client: Client): Promise<boolean> {
    const { log, clients } = this.#options;
    const { progress } = client;
    if (client.state !== "replaying" || !progress) return false;
    const { rest } = progress;
    progress.rest = undefined;
    if (rest && !clients.write(client, rest, progress.position)) return false;
    if (progress.resume?.located === false && !(await this.#locate(client, progress, progress.resume)))
      return false;
    if (progress.position < log.head && !(await this.#sendEntries(client, progress))) return false;
    // From here on nothing is awaited: a client found at the head is live before anything follows.
    if (progress.position < log.head) return true;
    if (progress.resume && !this.#endResume(client, progress, progress.resume)) return false;
    this.#goLive(client);
    return false;
  }

  /** Puts a client where it left off, or before the oldest event that is held; true if it takes more. */
  async #locate(client: Client, progress: Progress, resume: Resume): Promise<boolean> {
    const { log, totals, clients } = this.#options;
    const readable: MayRead = (event) => mayRead(client.privateTopics, event);
    const last = resume.from === EARLIEST ? undefined : await log.locate(resume.from, readable);
    const { earliest } = log;
    progress.position = last ?? (earliest === undefined ? log.head : earliest - 1);
    resume.located = true;
    if (client.state !== "replaying") return false;
    if (last !== undefined || resume.from === EARLIEST) return true;
    totals.gaps++;
    const gap = { requested: resume.from, earliest: earliest === undefined ? null : log.place(earliest) };
    return clients.write(client, hubFrame("tidings.gap", gap), progress.position);
  }

  /** Sends some of the events that a client lacks; true if it takes more. */
  async #sendEntries(client: Client, progress: Progress): Promise<boolean> {
    const { log, totals, clients } = this.#options;
    const { subscription, privateTopics } = client;
    const read = log.read(progress.position, READ_LIMIT);
    const { entries, upTo, missing } = read instanceof Promise ? await read : read;
    if (client.state !== "replaying") return false;
    if (missing) {
      // To go on would be to leave events out in silence. It will come back, and be told.
      clients.remove(client, "outrun");
      return false;
    }
    const wanted = entries.filter((entry) => subscription.asksFor(entry) && mayRead(privateTopics, entry));
    for (const { bytes, position, count } of chunksOf(wanted)) {
      if (progress.resume) progress.resume.count += count;
      totals.delivered += count;
      totals.replayed += count;
      totals.bytes += bytes.length;
      if (!clients.write(client, bytes, position)) return false;
    }
    progress.position = upTo;
    return true;
  }

  /** Tells a client that it has all that it missed; true if it takes more. */
  #endResume(client: Client, progress: Progress, { from, count }: Resume): boolean {
    progress.resume = undefined;
    this.sizes.add(count);
    return this.#options.clients.write(
      client,
      hubFrame("tidings.resumed", { from, count }),
      progress.position,
    );
  }

  #goLive(client: Client): void {
    const { delivery, clients } = this.#options;
    // A stream that is written to here may have this client removed.
    delivery.flush();
    clients.goLive(client);
  }
}
