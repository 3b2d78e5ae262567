import type { Draft } from "../log/entry.ts";
import type { Interest } from "./interest.ts";
import { Subscription } from "./subscription.ts";

/** The subscriptions that have clients, and which of them an event is for. */
export class Subscriptions {
  readonly #byKey = new Map<string, Subscription>();
  readonly #byTopic = new Map<string, Set<Subscription>>();
  readonly #searching = new Set<Subscription>();

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
    if (subscription.searches) {
      this.#searching.add(subscription);
    } else {
      for (const topic of subscription.exact) this.#at(topic).add(subscription);
    }
    return subscription;
  }

  /** Forgets it when it has no clients left. */
  release(subscription: Subscription): void {
    if (subscription.size > 0 || this.#byKey.get(subscription.key) !== subscription) return;
    this.#byKey.delete(subscription.key);
    this.#searching.delete(subscription);
    for (const topic of subscription.exact) {
      const there = this.#byTopic.get(topic);
      there?.delete(subscription);
      if (there?.size === 0) this.#byTopic.delete(topic);
    }
  }

  /** Calls `found` once for each subscription that asks for the event. */
  match(event: Draft, found: (subscription: Subscription) => void): void {
    const { topics, type } = event;
    if (topics.length === 0) {
      for (const subscription of this.#byKey.values()) if (subscription.takes(type)) found(subscription);
      return;
    }
    for (const subscription of this.#searching) if (subscription.asksFor(event)) found(subscription);
    topics.forEach((topic, i) => {
      for (const subscription of this.#byTopic.get(topic) ?? []) {
        // With several topics in common it is met at the first of them.
        const met = i > 0 && topics.slice(0, i).some((earlier) => subscription.exact.has(earlier));
        if (!met && subscription.takes(type)) found(subscription);
      }
    });
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

  #at(topic: string): Set<Subscription> {
    const there = this.#byTopic.get(topic);
    if (there) return there;
    const made = new Set<Subscription>();
    this.#byTopic.set(topic, made);
    return made;
  }
}
