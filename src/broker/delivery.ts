import { EARLIEST } from "../events/names.ts";
import type { Entry } from "../log/entry.ts";
import { Histogram } from "../log/histogram.ts";
import type { Log } from "../log/log.ts";
import { hubFrame } from "../protocol/frame.ts";
import type { Client, Resume } from "./client.ts";
import { RoundRobin } from "./round-robin.ts";
import { type Batch, chunksOf, type Subscription } from "./subscription.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { Cause, Totals } from "./totals.ts";
import { WriteCoalescer } from "./write-coalescing.ts";

/** How many events a client that is behind reads from the log at once. */
const READ_LIMIT = 256;
const REPLAY_SIZES = [0, 1, 10, 100, 1000, 10_000, 100_000];
/** How often it is looked for clients that have been full for too long, in ms, or more often. */
const LOOK = 1000;

export interface DeliveryOptions {
  readonly log: Log;
  readonly subscriptions: Subscriptions;
  readonly totals: Totals;
  /** How long a client may take no bytes, in ms; 0 for as long as it likes. */
  readonly stallTimeout: number;
  /** Told of what has just been delivered to the live clients, the oldest of it published at `since`. */
  readonly delivered: (entries: readonly Entry[], since: number) => void;
  /** Removes a client that can't be served any longer. */
  readonly giveUp: (client: Client, cause: Cause, error?: unknown) => void;
}

/**
 * Brings the events of the log to the clients. A live client is written to as soon as events are
 * handed on. One that is behind, because it comes back or because its stream was full, is sent
 * what it lacks from the log, from its own position, and then is live.
 */
export class Delivery {
  /** How many events clients were sent that had said where they left off. */
  readonly replays = new Histogram(REPLAY_SIZES);
  readonly #options: DeliveryOptions;
  /** Clients whose streams are full, those that have been for the longest first. */
  readonly #full = new Set<Client>();
  readonly #catchUps = new RoundRobin<Client>((client) => this.#catchUp(client));
  readonly #coalescer = new WriteCoalescer((entries, since) => this.#deliverAll(entries, since));
  /** Subscriptions that ask for what has gathered. */
  #reached: Subscription[] = [];
  #delivering = false;
  #looking: ReturnType<typeof setInterval> | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Clients whose streams take no bytes at present. */
  get fullCount(): number {
    return this.#full.size;
  }

  /** Begins with a client that stands at the head of the log, or has something to resume. */
  begin(client: Client, greeting: Uint8Array): void {
    const { subscription } = client;
    client.position = this.#options.log.head;
    subscription.behind.add(client);
    if (client.grants) subscription.granted.add(client);
    const room = client.write(greeting);
    if (room) this.#waitFor(client, room);
    else if (client.resume) this.#catchUps.add(client);
    else this.#goLive(client);
  }

  /** Brings the live clients what has just been kept, now or together with what follows closely. */
  handOn(entries: readonly Entry[], since: number): void {
    const { subscriptions, totals } = this.#options;
    for (const entry of entries) {
      subscriptions.match(entry, (subscription) => {
        if (subscription.add(entry)) this.#reached.push(subscription);
      });
    }
    totals.published += entries.length;
    this.#coalescer.add(entries, since);
  }

  /** Whether live clients are being written to: one of their streams may be who asks. */
  get delivering(): boolean {
    return this.#delivering;
  }

  /** Has the live clients sent all that was handed on: whoever joins or leaves them must find it so. */
  flush(): void {
    this.#coalescer.flush();
  }

  #deliverAll(entries: readonly Entry[], since: number): number {
    const reached = this.#reached;
    this.#reached = [];
    let writes = 0;
    this.#delivering = true;
    for (const subscription of reached) {
      for (const batch of subscription.takeBatches()) writes += this.#deliver(batch, subscription.live);
    }
    this.#delivering = false;
    this.#options.delivered(entries, since);
    return writes;
  }

  /** Writes to clients what is for them; answers how often. */
  #deliver({ clients, entries }: Batch, live: ReadonlySet<Client>): number {
    if (clients.size === 0) return 0;
    const { totals } = this.#options;
    let writes = 0;
    for (const { bytes, position, count } of chunksOf(entries)) {
      let reached = 0;
      for (const client of clients) {
        // One that became full with an earlier chunk gets the rest when it has room.
        if (clients !== live && !live.has(client)) continue;
        reached++;
        this.#write(client, bytes, position);
      }
      totals.delivered += count * reached;
      totals.bytes += bytes.length * reached;
      writes += reached;
    }
    return writes;
  }

  /** Writes what is no event to all live clients. The others are busy, or take nothing. */
  writeToLive(bytes: Uint8Array): void {
    const { subscriptions, log } = this.#options;
    this.flush();
    for (const { live } of subscriptions) {
      for (const client of live) this.#write(client, bytes, log.head);
    }
  }

  /** Writes what is no event to one client, unless its stream is full: it may be amid an event. */
  writeAside(client: Client, bytes: Uint8Array): void {
    this.flush();
    if (client.gone || client.fullSince !== undefined || client.amidEvent) return;
    const isLive = client.subscription.live.has(client);
    this.#write(client, bytes, isLive ? this.#options.log.head : client.position);
  }

  /** Forgets a client that has been removed. */
  forget(client: Client): void {
    const { live, behind, granted } = client.subscription;
    for (const clients of [live, behind, granted]) clients.delete(client);
    this.#leaveFull(client);
  }

  /** Writes to a live client what brings it to that position. */
  #write(client: Client, bytes: Uint8Array, position: number): void {
    let room: Promise<unknown> | undefined;
    try {
      room = client.write(bytes);
    } catch (error) {
      this.#options.giveUp(client, "failed", error);
      return;
    }
    if (!room) return;
    client.position = position;
    client.subscription.live.delete(client);
    client.subscription.behind.add(client);
    this.#waitFor(client, room);
  }

  /** Leaves a client whose stream is full alone until there is room again. */
  #waitFor(client: Client, room: Promise<unknown>): void {
    if (client.gone) return;
    const { giveUp, totals } = this.#options;
    client.fullSince = performance.now();
    this.#full.add(client);
    totals.stalls++;
    this.#look();
    room.then(
      () => {
        if (client.gone) return;
        this.#leaveFull(client);
        this.#catchUps.add(client);
      },
      (error) => giveUp(client, "failed", error),
    );
  }

  #leaveFull(client: Client): void {
    client.fullSince = undefined;
    this.#full.delete(client);
    if (this.#full.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** Gives up, in time, those that stay full for too long. */
  #look(): void {
    const { stallTimeout, giveUp } = this.#options;
    if (stallTimeout <= 0 || this.#looking) return;
    const look = () => {
      const latest = performance.now() - stallTimeout;
      for (const client of this.#full) {
        if (client.fullSince === undefined || client.fullSince > latest) break;
        giveUp(client, "stalled");
      }
    };
    this.#looking = setInterval(look, Math.min(LOOK, stallTimeout / 4));
  }

  /** Writes to a client that is behind; true if there is room for more. */
  #send(client: Client, bytes: Uint8Array): boolean {
    return this.#hasRoom(client, client.write(bytes));
  }

  #hasRoom(client: Client, room: Promise<unknown> | undefined): boolean {
    if (room) this.#waitFor(client, room);
    return !room;
  }

  /** A step of bringing a client that is behind to the head of the log; true if it takes another. */
  async #catchUp(client: Client): Promise<boolean> {
    try {
      return await this.#sendNext(client);
    } catch (error) {
      this.#options.giveUp(client, "failed", error);
      return false;
    }
  }

  async #sendNext(client: Client): Promise<boolean> {
    const { log } = this.#options;
    if (client.gone || !this.#hasRoom(client, client.writeRest())) return false;
    if (client.resume?.located === false && !(await this.#locate(client, client.resume))) return false;
    if (client.position < log.head && !(await this.#replay(client))) return false;
    // From here on nothing is awaited: a client found at the head is live before anything follows.
    if (client.position < log.head) return !client.gone;
    if (client.resume) {
      const { from, count } = client.resume;
      client.resume = undefined;
      this.replays.add(count);
      if (!this.#send(client, hubFrame("tidings.resumed", { from, count }))) return false;
    }
    if (!client.gone) this.#goLive(client);
    return false;
  }

  /** Puts a client where it left off, or before the oldest event that is held; true if it has room. */
  async #locate(client: Client, resume: Resume): Promise<boolean> {
    const { log, totals } = this.#options;
    const last = resume.from === EARLIEST ? undefined : await log.find(resume.from);
    const { earliest } = log;
    client.position = last?.position ?? (earliest ? earliest.position - 1 : log.head);
    resume.located = true;
    if (last || resume.from === EARLIEST || client.gone) return true;
    totals.gaps++;
    const gap = { requested: resume.from, earliest: earliest?.id ?? null };
    return this.#send(client, hubFrame("tidings.gap", gap));
  }

  /** Sends some of the events that a client lacks; true if it has room for more. */
  async #replay(client: Client): Promise<boolean> {
    const { log, totals, giveUp } = this.#options;
    const read = log.read(client.position, READ_LIMIT);
    const entries = read instanceof Promise ? await read : read;
    if (client.gone) return false;
    if (entries[0]?.position !== client.position + 1) {
      // To go on would be to leave events out in silence. It will come back, and be told.
      giveUp(client, "outrun");
      return false;
    }
    const wanted = entries.filter((entry) => client.subscription.asksFor(entry) && client.mayRead(entry));
    for (const { bytes, position, count } of chunksOf(wanted)) {
      client.position = position;
      if (client.resume) client.resume.count += count;
      totals.delivered += count;
      totals.replayed += count;
      totals.bytes += bytes.length;
      if (!this.#send(client, bytes)) return false;
    }
    client.position = entries.at(-1)?.position ?? client.position;
    return true;
  }

  #goLive(client: Client): void {
    this.flush();
    // A stream that was just written to may have had it removed.
    if (client.gone) return;
    client.subscription.behind.delete(client);
    client.subscription.live.add(client);
  }
}
