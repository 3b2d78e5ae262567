import type { Draft } from "../log/entry.ts";
import { PatternIndex } from "../topics/pattern-index.ts";
import { type Interest, patternsOf } from "./interest.ts";
import { Subscription } from "./subscription.ts";

/** The subscriptions that have clients, and which of them an event is for. */
export class Subscriptions {
  readonly #byKey = new Map<string, Subscription>();
  readonly #byTopic = new PatternIndex<Subscription>();
  #searches = 0;

  /**
   * The one that stands for this interest, made if it is the first. What somebody may read is the
   * client's own: as many as have tokens of their own share what they ask for.
   */
  get({ topics, types }: Interest): Subscription {
    const key = JSON.stringify([topics, types].map((names) => [...new Set(names)].sort()));
    const known = this.#byKey.get(key);
    if (known) return known;
    const subscription = new Subscription(key, { topics, types });
    this.#byKey.set(key, subscription);
    for (const pattern of patternsOf(subscription.interest)) this.#byTopic.add(pattern, subscription);
    return subscription;
  }

  /** Forgets it when it has no clients left. */
  release(subscription: Subscription): void {
    if (subscription.size > 0 || this.#byKey.get(subscription.key) !== subscription) return;
    this.#byKey.delete(subscription.key);
    for (const pattern of patternsOf(subscription.interest)) this.#byTopic.remove(pattern, subscription);
  }

  /** Calls `found` once for each subscription that asks for the event. */
  match(event: Draft, found: (subscription: Subscription) => void): void {
    const { topics, type } = event;
    if (topics.length === 0) {
      for (const subscription of this.#byKey.values()) if (subscription.takes(type)) found(subscription);
      return;
    }
    const search = ++this.#searches;
    for (const topic of topics) {
      this.#byTopic.find(topic, (subscription) => {
        if (subscription.metBy === search) return;
        subscription.metBy = search;
        if (subscription.takes(type)) found(subscription);
      });
    }
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** How many clients ask for the event and may read it. */
  clientsFor(event: Draft): number {
    let count = 0;
    this.match(event, (subscription) => {
      count += subscription.clientsFor(event);
    });
    return count;
  }

  [Symbol.iterator](): IterableIterator<Subscription> {
    return this.#byKey.values();
  }
}
