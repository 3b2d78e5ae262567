import { Catalog } from "../events/catalog.ts";
import type { DataOf, EventInput, EventInputs } from "../events/event-input.ts";
import { EARLIEST } from "../events/names.ts";
import type { EventSchemas } from "../events/schema.ts";
import { type Clock, systemClock } from "../log/clock.ts";
import { jsonOf } from "../log/data-text.ts";
import type { Draft, Entry } from "../log/entry.ts";
import type { Histogram } from "../log/histogram.ts";
import { Log, type LogListener, type Lost } from "../log/log.ts";
import { MemoryStore } from "../log/memory-store.ts";
import type { Awaitable, Receipt, StoreFailure } from "../log/store.ts";
import { LimitedLogger, type Logger, silent } from "../logger.ts";
import { encodeRetry, joinFrames } from "../protocol/frame.ts";
import { inSlices } from "../timers.ts";
import { topicFault } from "../topics/topic.ts";
import { Client, newProgress } from "./client.ts";
import { Clients } from "./clients.ts";
import { Delivery } from "./delivery.ts";
import { toDraft, toDrafts } from "./draft.ts";
import { drain } from "./drain.ts";
import { endOfAll, namedTopics } from "./ends.ts";
import { type Interest, mayKnow, toPrivateTopics } from "./interest.ts";
import { KeepAlive } from "./keep-alive.ts";
import type {
  BrokerOptions,
  ClientHandle,
  ClientInfo,
  ClientOptions,
  ClientWatcher,
  Observer,
} from "./options.ts";
import { Presence } from "./presence.ts";
import { Replay } from "./replay.ts";
import { type ElysiaStream, type EventSink, sinkOf } from "./sink.ts";
import { storeLines } from "./store-lines.ts";
import { type FormatName, frameForOne } from "./stream-format.ts";
import { Topic } from "./topic.ts";
import { Counters, type RemovalReason, type Totals } from "./totals.ts";

const EVERYTHING: Interest = { topics: [], types: [] };

/**
 * The core of a hub. It takes events, keeps them in its log, and delivers each to the clients that
 * asked for it, in the order of the log.
 *
 * @example
 * ```ts
 * import { Broker, SqliteStore } from "tidings";
 * const broker = new Broker({ store: new SqliteStore("events.db"), logger: console });
 * broker.broadcast({ type: "greeting", data: "hello", topic: "greetings" });
 * await broker.close();
 * ```
 */
export class Broker<Events extends EventSchemas = Record<never, never>> {
  /** The event types that are known. */
  readonly catalog: Catalog<Events>;
  /** Whether event types outside the catalog are refused. */
  readonly strict: boolean;
  /** The time between two keep-alives of a stream, in milliseconds. */
  readonly keepAlive: number;
  /**
   * How long a reader may take nothing, in milliseconds; 0 for ever.
   *
   * @internal
   */
  readonly stallTimeout: number;
  /** @internal */
  readonly log: Log;
  /** @internal */
  readonly logger: Logger;
  /** @internal */
  readonly presence: Presence;
  /**
   * The same as {@link Broker.crowd}, of the clients of other nodes.
   *
   * @internal
   */
  crowdElsewhere: () => number = () => 0;
  readonly #clients: Clients;
  readonly #observers = new Set<Observer>();
  readonly #watchers: ClientWatcher[] = [];
  readonly #totals = new Counters();
  readonly #delivery: Delivery;
  readonly #replay: Replay;
  readonly #keepAlive: KeepAlive;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #stopping = new AbortController();
  #closed = false;
  #ended: Promise<void> | undefined;

  constructor({
    catalog = new Catalog<Events>(),
    strict = false,
    keepAlive = 15_000,
    stallTimeout = 30_000,
    logger = silent,
    store = new MemoryStore(),
    clock = systemClock,
  }: BrokerOptions<Events> = {}) {
    this.catalog = catalog;
    this.strict = strict;
    this.keepAlive = keepAlive;
    this.stallTimeout = stallTimeout;
    this.logger = LimitedLogger.of(logger);
    this.#clock = clock;
    this.#startedAt = clock.now();
    const totals = this.#totals;
    const clients = new Clients({
      totals,
      stallTimeout,
      now: () => clock.now(),
      replay: (client) => this.#replay.add(client),
      added: (client) => {
        for (const watcher of this.#watchers) watcher(client, 1);
        this.presence.arrived(client);
      },
      removed: (client, reason, error) => this.#removed(client, reason, error),
    });
    const listener: LogListener = {
      recipients: (draft) => clients.subscriptions.recipients(draft),
      // Events of others may come first, so nothing that was found then helps to deliver.
      toldLater: () => clients.subscriptions.forgetMatches(),
      deliver: (entries, since) => this.#delivery.deliver(entries, since),
      missed: (after) => {
        this.#delivery.flush();
        this.#clients.replayLive(after);
      },
      rolledBack: (to, lost) => this.#rollBack(to, lost),
      ...storeLines(this.logger, store.name),
    };
    const log = new Log(store, listener, clock);
    this.log = log;
    this.#clients = clients;
    this.#delivery = new Delivery({
      log,
      clients,
      totals,
      now: () => clock.now(),
      delivered: (entries, since) => this.#delivered(entries, since),
    });
    this.presence = new Presence({
      clock,
      isReady: (client) => this.#delivery.isReady(client),
      write: (client, bytes) => this.#delivery.writeAside(client, bytes),
    });
    const notRead = ({ cause }: StoreFailure) =>
      this.logger.error({ store: store.name, error: cause }, "log not read");
    this.#replay = new Replay({ log, clients, delivery: this.#delivery, totals, notRead });
    this.#keepAlive = new KeepAlive({
      interval: keepAlive,
      log,
      delivery: this.#delivery,
      waiting: () => this.#replay.waiting,
    });
  }

  /** The age of this broker, in milliseconds. */
  get uptime(): number {
    return this.#clock.now() - this.#startedAt;
  }

  /** The number of clients. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Whether the broker takes no more clients, because it drains or is closed. */
  get draining(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Aborts when the broker begins to drain, or closes. Long requests use it to end in time. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** The clients as they are now, the oldest connection first. */
  get clients(): Iterable<ClientInfo> {
    return this.#clients.describe(this.log.head);
  }

  /**
   * The number of events that each returning client was sent.
   *
   * @internal
   */
  get replays(): Histogram {
    return this.#replay.sizes;
  }

  /**
   * How many clients ask for a topic, or for some topic of a pattern.
   *
   * @internal
   */
  readersOf(pattern: string): Awaitable<number> {
    return inSlices(this.#clients.subscriptions.readersOf(pattern));
  }

  /** How many clients ask for a topic. @internal */
  readersAt(topic: string): number {
    return this.#clients.subscriptions.readersAt(topic);
  }

  /**
   * The client with this id.
   *
   * @internal
   */
  find(id: string): Client | undefined {
    return this.#clients.find(id);
  }

  /**
   * Writes bytes between events to a client that takes bytes now.
   *
   * @returns whether it does
   * @internal
   */
  writeAside(client: Client, bytes: Uint8Array): boolean {
    if (!this.#delivery.isReady(client)) return false;
    this.#delivery.writeAside(client, bytes);
    return true;
  }

  /**
   * The bytes of an event that is for one client alone.
   *
   * @throws InvalidEvent when the event is malformed, or breaks the catalog
   * @internal
   */
  frameForOne(event: EventInput, format: FormatName): Uint8Array {
    return frameForOne(toDraft(event, this), format, this.#clock.time());
  }

  /**
   * A topic, to publish there, and to see who reads it.
   *
   * @example
   * ```ts
   * import { Broker } from "tidings";
   * const broker = new Broker();
   * const order = broker.topic("orders/7");
   * await order.publish("order-shipped", { id: 7 });
   * console.log(order.clientCount);
   * ```
   *
   * @throws TypeError when events can't be published to a topic of this name
   */
  topic(name: string): Topic<Events> {
    const fault = topicFault(name);
    if (fault !== undefined) throw new TypeError(`${JSON.stringify(name)}: ${fault}`);
    return new Topic<Events>(name, this);
  }

  /**
   * The data of the current value of a type: the newest event that was published with `retain`.
   *
   * @param topic the topic of the value; none for the value of the type on no topic
   * @returns undefined if there is none
   */
  current<Type extends string>(type: Type, topic?: string): DataOf<Events, Type> | undefined {
    const entry = this.log.store.current?.get(type, topic);
    // The catalog checked it when it was published.
    return entry && (JSON.parse(jsonOf(entry)) as DataOf<Events, Type>);
  }

  /**
   * The clients that ask for a topic, or for some topic of a pattern, the oldest connection first.
   *
   * @internal
   */
  clientsOf(pattern: string): Iterable<ClientInfo> {
    return this.#clients.describe(this.log.head, pattern);
  }

  /**
   * How many steps of URL patterns and templates a search may look at for one character of a topic, beyond those
   * of a few patterns: the patterns of this node's clients, and of the other nodes' as last heard.
   *
   * @internal
   */
  get crowd(): number {
    return this.#clients.subscriptions.crowd + this.crowdElsewhere();
  }

  /** The number of different subscriptions. Clients that ask for the same share one. */
  get subscriptionCount(): number {
    return this.#clients.subscriptions.size;
  }

  /** The number of clients that are behind: they are `replaying` or `blocked`. */
  get behindCount(): number {
    return this.#clients.behindCount;
  }

  /** Whether the broker takes no more clients and no more events. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The number of clients that are `blocked`: their streams are full. */
  get blockedCount(): number {
    return this.#clients.blockedCount;
  }

  /** Counters since the start. */
  get totals(): Totals {
    return { ...this.#totals, removed: { ...this.#totals.removed } };
  }

  /**
   * Adds an open stream as a client. The stream first gets a `connected` event and a reconnection
   * time of 3 s. Then it gets the events that the client asked for.
   *
   * @example
   * ```ts
   * import { Broker } from "tidings";
   * const broker = new Broker();
   * const body = new ReadableStream({
   *   start(controller) {
   *     broker.addClient(controller, { interest: { topics: ["orders/*"], types: [] } });
   *   },
   * });
   * const answer = new Response(body, { headers: { "content-type": "text/event-stream" } });
   * ```
   *
   * @throws Error when the broker drains or is closed
   * @throws StoreFailure when the store has not been reached yet
   * @throws TypeError for `presence` in a format without hub events
   * @throws the stream's own error when it takes no bytes
   */
  addClient(stream: EventSink | ElysiaStream, options: ClientOptions = {}): ClientHandle {
    if (this.draining) throw new Error("the broker is closed");
    this.log.assertStarted();
    const {
      interest = EVERYTHING,
      lastEventId,
      keepAlive = "comment",
      format = "json",
      presence = false,
      signal,
      about = {},
      removed,
    } = options;
    if (presence && format !== "json" && format !== "envelope") {
      throw new TypeError(`a stream of the format ${format} can't say who is there`);
    }
    const { id = crypto.randomUUID(), first } = options;
    const sink = sinkOf(stream);
    const { head } = this.log;
    const progress = newProgress(head, head);
    if (lastEventId !== undefined) {
      progress.resume = { from: lastEventId, mayKnow: mayKnow(interest), located: false, count: 0 };
    }
    const subscription = this.#clients.subscriptions.get(interest, keepAlive, format);
    if (lastEventId === undefined && this.log.hasCurrent && subscription.format.current) {
      progress.owed = { after: 0, upTo: head, count: 0 };
    }
    const client = new Client({
      id,
      sink,
      about,
      subscription,
      privateTopics: toPrivateTopics(interest.privateTopics),
      connectedAt: this.#clock.time(),
      progress,
      owner: this.#clients,
    });
    this.#keepAlive.start();
    const greeting = subscription.format.greeting(id, this.log, lastEventId);
    this.#clients.add(client, first ? joinFrames([greeting, first]) : greeting);
    this.logger.debug({ client: id, clients: this.#clients.size }, "client connected");
    if (presence) this.presence.watch(client);
    client.onRemoved = removed;
    sink.onDisconnect?.(client);
    if (signal) this.#clients.removeOnAbort(client, signal);
    return {
      id,
      get closed() {
        return client.closed;
      },
    };
  }

  /**
   * Whether a reader that comes back with a last event id has all of the topics that it asks for, because they
   * have ended.
   *
   * @internal
   * @throws StoreFailure
   */
  async hasAll(interest: Interest, lastEventId: string): Promise<boolean> {
    const { log } = this;
    const end = endOfAll(namedTopics(interest), log.store.ended, toPrivateTopics(interest.privateTopics));
    if (end === undefined || lastEventId === EARLIEST) return false;
    // A place says how far its reader is even if the history no longer reaches back to it.
    const position = log.positionOf(lastEventId) ?? (await log.locate(lastEventId, mayKnow(interest)));
    return position !== undefined && position >= end;
  }

  /**
   * Removes a client, after it has been sent what was published before.
   *
   * @param reason counts in {@link Totals.removed}
   * @returns whether there was such a client
   */
  removeClient(id: string, reason: RemovalReason = "removed"): boolean {
    const client = this.#clients.take(id);
    if (!client) return false;
    const remove = () => {
      this.#delivery.flush();
      this.#clients.remove(client, reason);
    };
    const delivered = this.#underWay();
    if (delivered) void delivered.then(remove);
    else remove();
    return true;
  }

  /**
   * Publishes one event. The promise resolves when the event is kept and delivered.
   *
   * @example
   * ```ts
   * import { Broker } from "tidings";
   * const broker = new Broker();
   * const { id } = await broker.publish({ type: "order-shipped", data: { id: 7 }, topic: "orders/7" });
   * ```
   *
   * @throws InvalidEvent when the event is malformed, or breaks the catalog
   * @throws IdConflict when its id is already used for a different event
   * @throws TopicEnded when one of its topics has ended
   * @throws StoreFailure when the store fails
   * @throws Error when the broker is closed
   */
  async publish<Type extends string>(event: EventInput<Type, DataOf<Events, Type>>): Promise<Receipt> {
    const [receipt] = await this.append([toDraft(event, this)]);
    if (!receipt) throw new Error("the log answered nothing");
    return receipt;
  }

  /**
   * Publishes several events: all of them are kept, or none.
   *
   * @example
   * ```ts
   * import { Broker } from "tidings";
   * const broker = new Broker();
   * const receipts = await broker.publishBatch([
   *   { type: "order-shipped", data: { id: 7 }, topic: "orders/7" },
   *   { type: "order-shipped", data: { id: 8 }, topic: "orders/8" },
   * ]);
   * ```
   *
   * @returns a receipt for each event, in the same order
   * @throws the same errors as {@link Broker.publish}
   */
  async publishBatch<const Types extends readonly string[]>(
    events: EventInputs<Events, Types>,
  ): Promise<readonly Receipt[]> {
    return this.append(toDrafts(events, this));
  }

  /**
   * Publishes events that have been checked already.
   *
   * @internal
   */
  append(drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    if (this.#closed) return Promise.reject(new Error("the broker is closed"));
    if (!this.log.store.current && drafts.some(({ retain }) => retain)) {
      return Promise.reject(new Error("the store keeps no current values"));
    }
    if (!this.log.store.ended && drafts.some(({ end }) => end)) {
      return Promise.reject(new Error("topics do not end in this store"));
    }
    return this.log.append(drafts);
  }

  /**
   * Publishes one event without waiting. The event is delivered at the end of this turn of the event
   * loop, or some milliseconds later when many events follow each other closely. A client whose stream
   * fails is removed. A failure of the store is logged.
   *
   * @example
   * ```ts
   * import { Broker } from "tidings";
   * const broker = new Broker();
   * broker.broadcast({ type: "order-shipped", data: { id: 7 }, topic: "orders/7" });
   * ```
   *
   * @throws InvalidEvent when the event is malformed, or breaks the catalog
   */
  broadcast<Type extends string>(event: EventInput<Type, DataOf<Events, Type>>): void {
    if (this.#closed) return;
    this.append([toDraft(event, this)]).catch((error: unknown) => {
      this.logger.error({ error, type: event.type }, "event not kept");
    });
  }

  /**
   * Publishes a type and its data to everyone, without waiting.
   *
   * @example
   * ```ts
   * import { Broker } from "tidings";
   * const broker = new Broker();
   * broker.broadcastJSON("nav-badge-update", { path: "/inbox", badge: "3" });
   * ```
   *
   * @throws InvalidEvent when the event is malformed, or breaks the catalog
   */
  broadcastJSON<Type extends string>(type: Type, data: DataOf<Events, Type>): void {
    this.broadcast<Type>({ type, data });
  }

  /**
   * Calls the observer after every delivery, until the returned function is called.
   *
   * @internal
   */
  observe(observer: Observer): () => void {
    this.#delivery.flush();
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /**
   * Has the watcher told of all who come and go.
   *
   * @internal
   */
  watchClients(watcher: ClientWatcher): void {
    this.#watchers.push(watcher);
  }

  /**
   * Takes no more clients, and removes those that are connected, one after the other. Each is told to
   * reconnect after the drain, at a time of its own. Events are still taken until {@link Broker.close}.
   *
   * @param over how long this takes, in milliseconds
   * @param minRetry the shortest reconnection time that a reader is told, in milliseconds: how long the
   * hub will be away. 0 by default.
   */
  async drain(over: number, minRetry = 0): Promise<void> {
    if (this.draining) return;
    this.#stopping.abort();
    await this.#sendAway(over, minRetry, "drained");
  }

  /**
   * Ends all streams, one after the other: whoever reads them comes back, and is checked anew.
   *
   * @param over how long this takes, in milliseconds
   * @internal
   */
  async readmitClients(over: number): Promise<void> {
    await this.#sendAway(over, 0, "removed");
  }

  async #sendAway(over: number, minRetry: number, reason: RemovalReason): Promise<void> {
    const clients = [...this.#clients];
    await drain(clients, over, minRetry, {
      count: () => this.#clients.size,
      remove: (client, retry) => {
        this.#delivery.writeAside(client, encodeRetry(retry));
        this.removeClient(client.id, reason);
      },
    });
  }

  /**
   * Takes no more clients and no more events, delivers what was published before, and ends every
   * stream. The promise resolves when the store is closed.
   */
  close(): Promise<void> {
    this.#closed = true;
    this.#stopping.abort();
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** Resolves when the events under way are kept and written; undefined when there are none. */
  #underWay(): Promise<void> | undefined {
    if (this.log.busy) return this.log.settled();
    // Called by a stream amid a delivery. The delivery ends before a promise can resolve.
    return this.#delivery.busy ? Promise.resolve() : undefined;
  }

  async #end(): Promise<void> {
    const delivered = this.#underWay();
    if (delivered) await delivered;
    this.#delivery.flush();
    const count = this.#clients.size;
    for (const client of this.#clients) this.#clients.remove(client, "drained");
    this.#keepAlive.stop();
    this.logger.info({ clients: count }, "broker closed");
    await this.log.close();
  }

  #rollBack(to: number, lost: Lost): void {
    this.#delivery.flush();
    this.#replay.logChanged();
    this.#clients.rollBack(to, lost);
    this.logger.error({ store: this.log.store.name, to: this.log.place(to) }, "events lost");
  }

  #delivered(entries: readonly Entry[], since: number): void {
    if (this.#clients.size > 0) this.#keepAlive.delivered();
    if (this.#observers.size === 0) return;
    const took = this.#clock.now() - since;
    const events = entries.some(({ erased }) => erased) ? entries.filter(({ erased }) => !erased) : entries;
    if (events.length === 0) return;
    for (const observer of this.#observers) observer(events, took);
  }

  #removed(client: Client, reason: RemovalReason, error: unknown): void {
    for (const watcher of this.#watchers) watcher(client, -1);
    this.presence.gone(client);
    try {
      client.onRemoved?.(client.about);
    } catch (failure) {
      // It is the application's own: the others are to be written to all the same.
      this.logger.error({ client: client.id, error: failure }, "removed failed");
    }
    if (this.#clients.size === 0) this.#keepAlive.stop();
    const fields = { client: client.id, reason, clients: this.#clients.size };
    const told = error === undefined ? fields : { ...fields, error: String(error) };
    if (reason === "stalled") this.logger.info(told, "client removed");
    else this.logger.debug(told, "client removed");
  }
}
