import type { Static } from "@sinclair/typebox";
import type { BuiltinEvents } from "../events/builtin.ts";
import { EARLIEST } from "../events/names.ts";
import { encodeFrame, encodeRetry, joinFrames, KEEP_ALIVE } from "../frame.ts";
import { Histogram } from "../histogram.ts";
import type { Entry } from "../log/entry.ts";
import { Log, type Receipt } from "../log/log.ts";
import { MemoryStore } from "../log/memory.ts";
import type { Store } from "../log/store.ts";
import { Client, type ClientAbout } from "./client.ts";
import { type EventInput, toDraft } from "./draft.ts";
import type { Interest } from "./interest.ts";
import { type Logger, silent } from "./logger.ts";
import { type ElysiaStream, type EventSink, sinkOf, writeTo } from "./sink.ts";
import { chunksOf, type Subscription } from "./subscription.ts";
import { Subscriptions } from "./subscriptions.ts";

/** How long browsers wait before they reconnect, in ms, until they are told otherwise. */
const RETRY = encodeRetry(3000);
/** How many events a client that is behind reads from the log at once. */
const READ_LIMIT = 256;
/** Before the first position: a client there has been promised nothing that may be gone by now. */
const BEGINNING = 0;
const REPLAY_SIZES = [0, 1, 10, 100, 1000, 10_000, 100_000];
const EVERYTHING: Interest = { topics: [], types: [] };

export interface BrokerOptions {
  /** How often every stream is sent a comment, in ms. 15,000 by default; 0 for never. */
  readonly keepAlive?: number;
  readonly logger?: Logger;
  /** Where the log keeps its events; in memory by default. */
  readonly store?: Store;
}

export interface ClientOptions {
  /** What it is sent; everything by default. */
  readonly interest?: Interest;
  /** The last event it had: it is sent what came after. `earliest` asks for all that is held. */
  readonly lastEventId?: string | undefined;
  /** Removes the client when it aborts. */
  readonly signal?: AbortSignal;
  /** Who it is, for administrators. */
  readonly about?: ClientAbout;
}

/** A client as the one who added it sees it. */
export interface ClientHandle {
  readonly id: string;
  /** Resolves when the client is removed or the broker closes. */
  readonly closed: Promise<void>;
}

/** What the broker has done so far. */
export interface Totals {
  readonly published: number;
  readonly delivered: number;
  /** What the delivered events came to on the streams. */
  readonly bytes: number;
  readonly connected: number;
}

/**
 * Told of what has just been delivered, and how many milliseconds that took since the first of it
 * was published. It must not throw.
 */
export type Observer = (entries: readonly Entry[], milliseconds: number) => void;

/** Keeps the clients and delivers to each the events it asked for, in the order of the log. */
export class Broker {
  /** How often every stream is sent a comment, in ms. */
  readonly keepAlive: number;
  /** When it was made, on the clock of `performance.now()`. */
  readonly startedAt = performance.now();
  readonly log: Log;
  /** How many events clients were sent that had said where they left off. */
  readonly replays = new Histogram(REPLAY_SIZES);
  readonly #logger: Logger;
  readonly #clients = new Map<string, Client>();
  readonly #subscriptions = new Subscriptions();
  readonly #observers = new Set<Observer>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;
  #ended: Promise<void> | undefined;
  #published = 0;
  #delivered = 0;
  #bytes = 0;
  #connected = 0;

  constructor({ keepAlive = 15_000, logger = silent, store = new MemoryStore() }: BrokerOptions = {}) {
    this.keepAlive = keepAlive;
    this.#logger = logger;
    this.log = new Log(store, (entries, since) => this.#deliver(entries, since));
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Those that are connected, the longest first. */
  get clients(): IterableIterator<Client> {
    return this.#clients.values();
  }

  /** How many different things its clients ask for. */
  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  /** How many clients have yet to be sent what others have: they replay, or read slowly. */
  get behindCount(): number {
    let count = 0;
    for (const { behind } of this.#subscriptions) count += behind.size;
    return count;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get totals(): Totals {
    return {
      published: this.#published,
      delivered: this.#delivered,
      bytes: this.#bytes,
      connected: this.#connected,
    };
  }

  /**
   * Adds an open stream. It is told to wait 3 s before it reconnects and that it is connected,
   * then sent what it asked for.
   *
   * @throws Error when the broker is closed; whatever the stream throws when it takes no bytes.
   */
  addClient(stream: EventSink | ElysiaStream, options: ClientOptions = {}): ClientHandle {
    if (this.#closed) throw new Error("the broker is closed");
    const { interest = EVERYTHING, lastEventId, signal, about = {} } = options;
    const subscription = this.#subscriptions.get(interest);
    const client = new Client(crypto.randomUUID(), subscription, sinkOf(stream), about);
    const { id, closed } = client;
    this.#clients.set(id, client);
    this.#connected++;
    this.#startKeepAlive();
    this.#logger.debug({ client: id, clients: this.#clients.size }, "client connected");

    // In `behind` until it has been sent what it asked for, or found that there is nothing to send.
    subscription.behind.add(client);
    client.position = this.log.head;
    const greeting = joinFrames([RETRY, hubFrame("connected", { client_id: id, status: "connected" })]);
    let room: Promise<unknown> | undefined;
    try {
      room = writeTo(client.sink, greeting);
    } catch (error) {
      this.removeClient(id);
      throw error;
    }
    if (room || lastEventId !== undefined) void this.#catchUp(client, room, lastEventId);
    else this.#goLive(client);

    if (signal) this.#removeOnAbort(client, signal);
    return { id, closed };
  }

  /** Ends the client's stream. False if there is no such client. */
  removeClient(id: string): boolean {
    const client = this.#clients.get(id);
    if (!client) return false;
    this.#clients.delete(id);
    const { subscription } = client;
    subscription.live.delete(client);
    subscription.behind.delete(client);
    this.#subscriptions.release(subscription);
    if (this.#clients.size === 0) this.#stopKeepAlive();
    client.close();
    this.#logger.debug({ client: id, clients: this.#clients.size }, "client removed");
    return true;
  }

  /**
   * Keeps the events, all or none, and delivers them.
   *
   * @throws TypeError when a name is not allowed or the data is not JSON; IdConflict when an id is
   * already used for a different event; Error when the broker is closed; whatever the store throws.
   */
  async publish(events: readonly EventInput[]): Promise<readonly Receipt[]> {
    if (this.#closed) throw new Error("the broker is closed");
    return this.log.append(events.map(toDraft));
  }

  /**
   * Publishes without waiting for it: the event is delivered at the end of this turn of the event
   * loop. A client whose stream fails is removed.
   *
   * @throws TypeError when a name is not allowed or the data is not JSON.
   */
  broadcast(event: EventInput): void {
    if (this.#closed) return;
    this.log.append([toDraft(event)]).catch((error: unknown) => {
      this.#logger.error({ error, type: event.type }, "event not kept");
    });
  }

  /** {@link broadcast} of a type and its data. */
  broadcastJSON<Type extends keyof BuiltinEvents>(type: Type, data: Static<BuiltinEvents[Type]>): void;
  broadcastJSON<Type extends string>(
    type: Type extends keyof BuiltinEvents ? never : Type,
    data: unknown,
  ): void;
  broadcastJSON(type: string, data: unknown): void {
    this.broadcast({ type, data });
  }

  /** Has the observer told of every delivery until the returned function is called. */
  observe(observer: Observer): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /**
   * Takes no more clients and events, delivers what was published before, and ends every stream.
   * Resolves when the log is closed.
   */
  close(): Promise<void> {
    this.#closed = true;
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    if (this.log.busy) await this.log.settled();
    const count = this.#clients.size;
    for (const id of this.#clients.keys()) this.removeClient(id);
    this.#logger.info({ clients: count }, "broker closed");
    await this.log.close();
  }

  #deliver(entries: readonly Entry[], since: number): void {
    const reached: Subscription[] = [];
    for (const entry of entries) {
      this.#subscriptions.match(entry, (subscription) => {
        entry.recipients += subscription.size;
        if (subscription.add(entry)) reached.push(subscription);
      });
    }
    this.#published += entries.length;
    for (const subscription of reached) {
      for (const { bytes, position, count } of subscription.takeChunks()) {
        this.#delivered += count * subscription.live.size;
        this.#bytes += bytes.length * subscription.live.size;
        for (const client of subscription.live) this.#write(client, bytes, position);
      }
    }
    if (this.#observers.size === 0) return;
    const took = performance.now() - since;
    for (const observer of this.#observers) observer(entries, took);
  }

  /** Writes to a live client: a gone one is removed, a full one falls behind the others. */
  #write(client: Client, bytes: Uint8Array, position: number): void {
    let room: Promise<unknown> | undefined;
    try {
      room = writeTo(client.sink, bytes);
    } catch (error) {
      this.#dropFailed(client, error);
      return;
    }
    if (!room) return;
    client.position = position;
    client.subscription.live.delete(client);
    client.subscription.behind.add(client);
    void this.#catchUp(client, room);
  }

  /** Sends a client what it is behind by, as fast as it reads, until it is live. */
  async #catchUp(client: Client, room: Promise<unknown> | undefined, lastEventId?: string): Promise<void> {
    try {
      await room;
      if (lastEventId !== undefined) await this.#locate(client, lastEventId);
      let resumedFrom = lastEventId;
      let replayed = 0;
      while (!client.gone) {
        if (client.position < this.log.head) {
          replayed += await this.#sendNext(client);
        } else if (resumedFrom !== undefined) {
          this.replays.add(replayed);
          const resumed = hubFrame("tidings.resumed", { from: resumedFrom, count: replayed });
          resumedFrom = undefined;
          await writeTo(client.sink, resumed);
        } else {
          // Nothing is awaited between finding it at the head and this, so nothing is missed.
          this.#goLive(client);
          return;
        }
      }
    } catch (error) {
      this.#dropFailed(client, error);
    }
  }

  /** Puts a client where it left off, or at the beginning of all that is held. */
  async #locate(client: Client, lastEventId: string): Promise<void> {
    const { store } = this.log;
    const last = lastEventId === EARLIEST ? undefined : await store.find(lastEventId);
    client.position = last?.position ?? BEGINNING;
    if (last || lastEventId === EARLIEST) return;
    const gap = { requested: lastEventId, earliest: store.earliest?.id ?? null };
    await writeTo(client.sink, hubFrame("tidings.gap", gap));
  }

  /** Sends the next events from the log; how many of them the client wanted. */
  async #sendNext(client: Client): Promise<number> {
    const entries = await this.log.read(client.position, READ_LIMIT);
    const [first] = entries;
    const outrun = first === undefined || first.position > client.position + 1;
    if (outrun && client.position !== BEGINNING) throw new Error("the log no longer reaches back to it");
    let sent = 0;
    for (const chunk of chunksOf(entries.filter((entry) => client.subscription.wants(entry)))) {
      if (client.gone) return sent;
      client.position = chunk.position;
      sent += chunk.count;
      this.#delivered += chunk.count;
      this.#bytes += chunk.bytes.length;
      await writeTo(client.sink, chunk.bytes);
    }
    client.position = entries.at(-1)?.position ?? this.log.head;
    return sent;
  }

  #goLive(client: Client): void {
    client.subscription.behind.delete(client);
    client.subscription.live.add(client);
  }

  #dropFailed(client: Client, error: unknown): void {
    if (client.gone) return;
    this.#logger.debug({ client: client.id, error: String(error) }, "stream failed");
    this.removeClient(client.id);
  }

  #removeOnAbort({ id, closed }: Client, signal: AbortSignal): void {
    const remove = () => this.removeClient(id);
    if (signal.aborted) {
      remove();
      return;
    }
    signal.addEventListener("abort", remove, { once: true });
    // The signal may outlive the client: one for a whole program does.
    void closed.then(() => signal.removeEventListener("abort", remove));
  }

  #startKeepAlive(): void {
    if (this.keepAlive <= 0 || this.#timer) return;
    this.#timer = setInterval(() => {
      for (const { live } of this.#subscriptions) {
        for (const client of live) this.#write(client, KEEP_ALIVE, this.log.head);
      }
    }, this.keepAlive);
  }

  #stopKeepAlive(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** An event of the hub's own. It has no id, so a reader's last event id stays what it was. */
function hubFrame(event: string, data: Readonly<Record<string, unknown>>): Uint8Array {
  return encodeFrame({ event, data: JSON.stringify(data) });
}
