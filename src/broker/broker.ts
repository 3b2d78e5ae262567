import type { Static } from "@sinclair/typebox";
import type { BuiltinEvents } from "../events/builtin.ts";
import type { EventInput } from "../events/event-input.ts";
import type { Draft, Entry } from "../log/entry.ts";
import type { Histogram } from "../log/histogram.ts";
import { Log, type Receipt } from "../log/log.ts";
import { MemoryStore } from "../log/memory-store.ts";
import { type Store, StoreFailure } from "../log/store.ts";
import { type Logger, silent } from "../logger.ts";
import { LONGEST_TIMER } from "../longest-timer.ts";
import { encodeRetry, hubFrame, joinFrames, KEEP_ALIVE } from "../protocol/frame.ts";
import { Client, type ClientAbout } from "./client.ts";
import { Delivery } from "./delivery.ts";
import { toDraft } from "./event-input.ts";
import { type Interest, toGrants } from "./interest.ts";
import { type ElysiaStream, type EventSink, sinkOf } from "./sink.ts";
import { Subscriptions } from "./subscriptions.ts";
import { type Cause, Totals } from "./totals.ts";

/** How long browsers wait before they reconnect, in ms, until they are told otherwise. */
const RETRY = encodeRetry(3000);
/** Clients that are sent away come back spread over this time at least, in ms. */
const SPREAD = 1000;
/** How often some clients are sent away while draining, in ms. */
const DRAIN_STEP = 20;
const EVERYTHING: Interest = { topics: [], types: [] };

/** How a broker treats its clients, and where it keeps their events. */
export interface BrokerOptions {
  /** How often every stream is sent a comment, in ms. 15,000 by default; 0 for never. */
  readonly keepAlive?: number;
  /** How long a stream may take no bytes before it is ended, in ms. 30,000 by default; 0 for ever. */
  readonly stallTimeout?: number;
  /** Who is told of what happens; nobody by default. */
  readonly logger?: Logger;
  /** Where the log keeps its events; in memory by default. */
  readonly store?: Store;
}

/** What is known of a client when it is added. */
export interface ClientOptions {
  /** What it is sent; everything by default. */
  readonly interest?: Interest;
  /** The last event it had: it is sent what came after. `earliest` asks for all that is held. */
  readonly lastEventId?: string | undefined;
  /** Removes the client when it aborts. */
  readonly signal?: AbortSignal;
  /** Who it is, for administrators. */
  readonly about?: ClientAbout;
  /**
   * Called with `about` when the client is removed, once it had been added: like `closed`, but one
   * function can serve all clients.
   */
  readonly removed?: (about: ClientAbout) => void;
}

/** A client as the one who added it sees it. */
export interface ClientHandle {
  readonly id: string;
  /** Resolves when the client is removed or the broker closes. */
  readonly closed: Promise<void>;
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
  readonly #logger: Logger;
  readonly #clients = new Map<string, Client>();
  readonly #subscriptions = new Subscriptions();
  readonly #observers = new Set<Observer>();
  readonly #totals = new Totals();
  readonly #delivery: Delivery;
  readonly #leave = (client: Client) => this.#remove(client);
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #stopping = new AbortController();
  #closed = false;
  #ended: Promise<void> | undefined;

  constructor({
    keepAlive = 15_000,
    stallTimeout = 30_000,
    logger = silent,
    store = new MemoryStore(),
  }: BrokerOptions = {}) {
    this.keepAlive = keepAlive;
    this.#logger = logger;
    this.log = new Log(store, {
      recipients: (draft) => this.#subscriptions.clientsFor(draft),
      handOn: (entries, since) => this.#delivery.handOn(entries, since),
      storeChanged: (failure) => {
        if (failure) logger.error({ store: store.name, error: failure.cause }, "store fails");
        else logger.info({ store: store.name }, "store works again");
      },
    });
    this.#delivery = new Delivery({
      log: this.log,
      subscriptions: this.#subscriptions,
      totals: this.#totals,
      stallTimeout,
      delivered: (entries, since) => this.#delivered(entries, since),
      giveUp: (client, cause, error) => this.#giveUp(client, cause, error),
    });
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Whether it takes no more clients: it is being drained, or is closed. */
  get draining(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Fires when it begins to be drained, or is closed: for requests that would last. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Those that are connected, the longest first. */
  get clients(): IterableIterator<Client> {
    return this.#clients.values();
  }

  /** How many events clients were sent that had said where they left off. */
  get replays(): Histogram {
    return this.#delivery.replays;
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

  /** Clients whose streams are full: they are sent nothing until they have read on. */
  get stalledCount(): number {
    return this.#delivery.fullCount;
  }

  get totals(): Readonly<Totals> {
    return { ...this.#totals, evicted: { ...this.#totals.evicted } };
  }

  /**
   * Adds an open stream. It is told to wait 3 s before it reconnects and that it is connected,
   * then sent what it asked for.
   *
   * @throws Error when the broker is closed; whatever the stream throws when it takes no bytes.
   */
  addClient(stream: EventSink | ElysiaStream, options: ClientOptions = {}): ClientHandle {
    if (this.draining) throw new Error("the broker is closed");
    const { interest = EVERYTHING, lastEventId, signal, about = {}, removed } = options;
    const subscription = this.#subscriptions.get(interest);
    const id = crypto.randomUUID();
    const sink = sinkOf(stream);
    const grants = toGrants(interest.grants);
    const client = new Client({ id, subscription, grants, sink, about, leave: this.#leave });
    this.#clients.set(id, client);
    this.#totals.connected++;
    this.#startKeepAlive();
    this.#logger.debug({ client: id, clients: this.#clients.size }, "client connected");

    if (lastEventId !== undefined) client.resume = { from: lastEventId, located: false, count: 0 };
    const greeting = joinFrames([RETRY, hubFrame("connected", { client_id: id, status: "connected" })]);
    try {
      this.#delivery.begin(client, greeting);
    } catch (error) {
      this.#remove(client);
      throw error;
    }
    client.removed = removed;
    sink.tell?.(client);
    if (signal) this.#removeOnAbort(client, signal);
    return {
      id,
      get closed() {
        return client.closed;
      },
    };
  }

  /**
   * Ends the client's stream, when it has been sent what was published before. False if there is no
   * such client.
   */
  removeClient(id: string): boolean {
    const client = this.#clients.get(id);
    if (!client) return false;
    this.#clients.delete(id);
    const remove = () => {
      this.#delivery.flush();
      this.#remove(client);
    };
    const delivered = this.#underWay();
    if (delivered) void delivered.then(remove);
    else remove();
    return true;
  }

  /**
   * Keeps the events, all or none, and delivers them.
   *
   * @throws TypeError when a name is not allowed or the data is not JSON; IdConflict when an id is
   * already used for a different event; StoreFailure; Error when the broker is closed.
   */
  async publish(events: readonly EventInput[]): Promise<readonly Receipt[]> {
    return this.append(events.map(toDraft));
  }

  /** {@link publish} of what has been checked already. */
  append(drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    if (this.#closed) return Promise.reject(new Error("the broker is closed"));
    return this.log.append(drafts);
  }

  /**
   * Publishes without waiting for it: the event is delivered at the end of this turn of the event
   * loop, or some milliseconds later when many follow each other closely. A client whose stream
   * fails is removed.
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
    this.#delivery.flush();
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /**
   * Takes no more clients, and ends the streams of those there are, one after the other over that
   * time. Each is told to come back only when the time is over, and not all at once. Events are
   * still taken: {@link close} ends that too.
   *
   * @param over milliseconds
   */
  async drain(over: number): Promise<void> {
    if (this.draining) return;
    this.#stopping.abort();
    const clients = [...this.#clients.values()];
    const startedAt = performance.now();
    // The first is ended at once: a single client need not wait for others that there are not.
    const last = over * (1 - 1 / clients.length);
    // Clients also leave by themselves.
    for (let ended = 0; ended < clients.length && this.#clients.size > 0; ) {
      const elapsed = performance.now() - startedAt;
      const due = over > 0 ? Math.floor((elapsed / over) * clients.length) + 1 : clients.length;
      for (const client of clients.slice(ended, due)) {
        const retry = Math.max(0, last - elapsed) + Math.random() * Math.max(over / 2, SPREAD);
        this.#delivery.writeAside(client, encodeRetry(Math.round(retry)));
        this.removeClient(client.id);
      }
      ended = due;
      if (ended < clients.length) await Bun.sleep(DRAIN_STEP);
    }
  }

  /**
   * Takes no more clients and events, delivers what was published before, and ends every stream.
   * Resolves when the log is closed.
   */
  close(): Promise<void> {
    this.#closed = true;
    this.#stopping.abort();
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** Resolves when what is being kept or written to the clients has been; undefined when nothing is. */
  #underWay(): Promise<void> | undefined {
    if (this.log.busy) return this.log.settled();
    // Asked by a stream amid a delivery, which is over before anything that waits goes on.
    return this.#delivery.delivering ? Promise.resolve() : undefined;
  }

  async #end(): Promise<void> {
    const delivered = this.#underWay();
    if (delivered) await delivered;
    this.#delivery.flush();
    const count = this.#clients.size;
    for (const client of this.#clients.values()) this.#remove(client);
    this.#logger.info({ clients: count }, "broker closed");
    await this.log.close();
  }

  #delivered(entries: readonly Entry[], since: number): void {
    if (this.#observers.size === 0) return;
    const took = performance.now() - since;
    for (const observer of this.#observers) observer(entries, took);
  }

  #giveUp(client: Client, cause: Cause, error?: unknown): void {
    if (client.gone) return;
    this.#totals.evicted[cause]++;
    const fields = { client: client.id, cause };
    if (error instanceof StoreFailure) this.#logger.error({ ...fields, error: error.cause }, "log not read");
    else if (error !== undefined) this.#logger.debug({ ...fields, error: String(error) }, "stream failed");
    else this.#logger.info(fields, "client given up");
    this.#remove(client);
  }

  #remove(client: Client): void {
    if (client.gone) return;
    this.#clients.delete(client.id);
    client.close();
    client.detach?.();
    client.removed?.(client.about);
    this.#delivery.forget(client);
    this.#subscriptions.release(client.subscription);
    if (this.#clients.size === 0) this.#stopKeepAlive();
    this.#logger.debug({ client: client.id, clients: this.#clients.size }, "client removed");
  }

  #removeOnAbort(client: Client, signal: AbortSignal): void {
    const remove = () => this.#remove(client);
    if (signal.aborted) {
      remove();
      return;
    }
    signal.addEventListener("abort", remove, { once: true });
    // The signal may outlive the client: one for a whole program does.
    client.detach = () => signal.removeEventListener("abort", remove);
  }

  #startKeepAlive(): void {
    if (!(this.keepAlive > 0) || this.#timer) return;
    this.#timer = setInterval(
      () => this.#delivery.writeToLive(KEEP_ALIVE),
      Math.min(this.keepAlive, LONGEST_TIMER),
    );
  }

  #stopKeepAlive(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
