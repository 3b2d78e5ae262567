import type { Broker } from "../broker/broker.ts";
import type { Client } from "../broker/client.ts";
import { EARLIEST } from "../events/names.ts";
import { encodeFrame, joinFrames } from "../protocol/frame.ts";
import { parsePlace } from "../protocol/place.ts";
import { inSlices } from "../timers.ts";
import { PatternIndex } from "../topics/pattern-index.ts";
import { documentOf, pathOf, type Subscription, type Version } from "./subscription.ts";

/** How often events are written, in ms. */
const WRITE_INTERVAL_MS = 100;
/** A watcher for whom more events wait than this is sent away: it asks for the list when it is back. */
const MAX_WAITING = 10_000;
/** So many events are kept for those who come back, or have asked for the list a moment ago. */
const MAX_RECENT = 1000;
/** The least bytes of one write, if there are so many. */
const WRITE_BYTES = 32 * 1024;

/** A subscription has begun or ended. */
class SubscriptionEvent {
  readonly #hubPath: string;
  readonly #subscription: Subscription;
  readonly #active: boolean;
  /** The head of the log then. */
  readonly head: number;
  /** What it reads like, by version. The id is the place up to which the readers have all events. */
  readonly #frames: { [V in Version]?: { readonly id: string; readonly bytes: Uint8Array } } = {};

  constructor(hubPath: string, subscription: Subscription, active: boolean, head: number) {
    this.#hubPath = hubPath;
    this.#subscription = subscription;
    this.#active = active;
    this.head = head;
  }

  topic(version: Version): string | undefined {
    const path = pathOf(this.#subscription, version);
    return path === undefined ? undefined : this.#hubPath + path;
  }

  frame(version: Version, id: string): Uint8Array {
    const known = this.#frames[version];
    if (known?.id === id) return known.bytes;
    const data = documentOf(this.#hubPath, this.#subscription, version, this.#active) ?? "";
    const bytes = encodeFrame({ id, event: version === "1" ? "mercure" : undefined, data });
    this.#frames[version] = { id, bytes };
    return bytes;
  }
}

/** Who is told of some subscriptions. */
interface Watcher {
  readonly client: Client;
  readonly version: Version;
  readonly waiting: SubscriptionEvent[];
}

/**
 * Tells of subscriptions that begin and end, as private updates ("Subscription Events"). They are not in the log:
 * readers who come back in a crowd would push the others' events out of it.
 */
export class SubscriptionEvents {
  readonly #broker: Broker;
  readonly #hubPath: string;
  readonly #watchers = new Map<Client, Watcher>();
  readonly #byPattern: { readonly [V in Version]: PatternIndex<Watcher> } = {
    "1": new PatternIndex(),
    "0": new PatternIndex(),
  };
  /** The oldest first. */
  readonly #recent: SubscriptionEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(broker: Broker, hubPath: string) {
    this.#broker = broker;
    this.#hubPath = hubPath;
  }

  /** A subscription has begun or ended: tells those who asked for it and may know it. */
  tell(subscription: Subscription, active: boolean): void {
    const event = new SubscriptionEvent(this.#hubPath, subscription, active, this.#broker.log.head);
    this.#recent.push(event);
    if (this.#recent.length > 2 * MAX_RECENT) this.#recent.splice(0, MAX_RECENT);
    for (const version of ["1", "0"] as const) {
      const topic = event.topic(version);
      if (topic === undefined) continue;
      const told = new Set<Watcher>();
      this.#byPattern[version].find(topic, (watcher) => told.add(watcher));
      for (const watcher of told) {
        if (watcher.client.privateTopics?.has(topic)) this.#add(watcher, event);
      }
    }
  }

  /**
   * Tells a client from now on.
   *
   * @param after where it was before, if it comes back: it is told what began and ended since, as far as that is
   * remembered.
   */
  watch(client: Client, version: Version, after: string | undefined): void {
    const { privateTopics, subscription } = client;
    if (!privateTopics) return;
    const watcher: Watcher = { client, version, waiting: [] };
    this.#watchers.set(client, watcher);
    for (const pattern of subscription.interest.topics) this.#byPattern[version].add(pattern, watcher);
    if (after === undefined) return;
    const since = after === EARLIEST ? 0 : parsePlace(after)?.position;
    if (since === undefined) return;
    for (const event of this.#recent) {
      const topic = event.topic(version);
      if (event.head < since || topic === undefined) continue;
      if (
        subscription.asksFor({ type: undefined, topics: [topic], private: true }) &&
        privateTopics.has(topic)
      )
        this.#add(watcher, event);
    }
  }

  gone(client: Client): void {
    const watcher = this.#watchers.get(client);
    if (!watcher) return;
    this.#watchers.delete(client);
    watcher.waiting.length = 0;
    for (const pattern of client.subscription.interest.topics) {
      this.#byPattern[watcher.version].remove(pattern, watcher);
    }
  }

  #add({ client, waiting }: Watcher, event: SubscriptionEvent): void {
    waiting.push(event);
    if (waiting.length > MAX_WAITING) this.#broker.removeClient(client.id, "stalled");
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_INTERVAL_MS);
  }

  async #write(): Promise<void> {
    await inSlices(this.#writeAll());
    let isDone = true;
    for (const { waiting } of this.#watchers.values()) if (waiting.length > 0) isDone = false;
    this.#timer = isDone ? undefined : setTimeout(() => void this.#write(), WRITE_INTERVAL_MS);
  }

  *#writeAll(): Generator<void, void, void> {
    for (const { client, version, waiting } of this.#watchers.values()) {
      // One that is behind has events before these.
      while (waiting.length > 0 && client.state === "live") {
        const { log } = this.#broker;
        const id = `#${log.place(log.head)}`;
        const frames: Uint8Array[] = [];
        let length = 0;
        while (waiting.length > frames.length && length < WRITE_BYTES) {
          const frame = waiting[frames.length]?.frame(version, id) ?? new Uint8Array();
          frames.push(frame);
          length += frame.length;
        }
        waiting.splice(0, frames.length);
        this.#broker.writeAside(client, joinFrames(frames));
        yield;
      }
    }
  }
}
