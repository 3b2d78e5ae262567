import type { Draft } from "../log/entry.ts";
import { PatternIndex } from "../topics/pattern-index.ts";
import { type Interest, patternsOf } from "./interest.ts";
import { type KeepAliveForm, type Reader, Subscription } from "./subscription.ts";

/** As many events may have been counted and not delivered: a batch, and while the store fails many. */
const MAX_MATCHES = 10_000;

/** The subscriptions that ask for an event, found when its recipients were counted. */
interface Match<R extends Reader> {
  readonly type: string | undefined;
  /** The event's own list: what the log makes of a draft keeps it. */
  readonly topics: readonly string[];
  readonly subscriptions: readonly Subscription<R>[];
}

/** The subscriptions that have readers, and which of them an event is for. */
export class Subscriptions<R extends Reader> {
  readonly #byKey = new Map<string, Subscription<R>>();
  readonly #byTopic = new PatternIndex<Subscription<R>>();
  #searches = 0;
  /** Of the events whose recipients were counted last, in their order. */
  #matches: Match<R>[] = [];
  /** The first of those whose event has not been delivered. */
  #nextMatch = 0;

  /** How many there are. */
  get size(): number {
    return this.#byKey.size;
  }

  /**
   * The one that stands for this interest and form, made if it is the first. What somebody may read is the
   * reader's own: as many as have tokens of their own share what they ask for.
   */
  get({ topics, types }: Interest, keepAlive: KeepAliveForm): Subscription<R> {
    const key = keepAlive + JSON.stringify([topics, types].map((names) => [...new Set(names)].sort()));
    const known = this.#byKey.get(key);
    if (known) return known;
    const subscription = new Subscription<R>(key, { topics, types }, keepAlive);
    this.#byKey.set(key, subscription);
    for (const pattern of patternsOf(subscription.interest)) this.#byTopic.add(pattern, subscription);
    this.forgetMatches();
    return subscription;
  }

  /** Removes it when it has no readers left. */
  release(subscription: Subscription<R>): void {
    if (subscription.size > 0 || this.#byKey.get(subscription.key) !== subscription) return;
    this.#byKey.delete(subscription.key);
    for (const pattern of patternsOf(subscription.interest)) this.#byTopic.remove(pattern, subscription);
    this.forgetMatches();
  }

  /** How many readers ask for the event and may read it. */
  recipients(event: Draft): number {
    const { type, topics } = event;
    const subscriptions = this.#search(event);
    if (this.#matches.length === MAX_MATCHES) this.forgetMatches();
    this.#matches.push({ type, topics, subscriptions });
    let count = 0;
    for (const subscription of subscriptions) count += subscription.recipients(event);
    return count;
  }

  /**
   * Each subscription that asks for the event, once. An event whose recipients have just been counted
   * is not searched for again, unless a subscription has come or gone since.
   */
  find(event: Draft): readonly Subscription<R>[] {
    for (let i = this.#nextMatch; i < this.#matches.length; i++) {
      const match = this.#matches[i];
      if (match?.topics !== event.topics || match.type !== event.type) continue;
      this.#nextMatch = i + 1;
      return match.subscriptions;
    }
    return this.#search(event);
  }

  [Symbol.iterator](): IterableIterator<Subscription<R>> {
    return this.#byKey.values();
  }

  #search({ type, topics }: Draft): readonly Subscription<R>[] {
    const found: Subscription<R>[] = [];
    if (topics.length === 0) {
      for (const subscription of this.#byKey.values()) if (subscription.takes(type)) found.push(subscription);
      return found;
    }
    const search = ++this.#searches;
    for (const topic of topics) {
      this.#byTopic.find(topic, (subscription) => {
        if (subscription.foundBy === search) return;
        subscription.foundBy = search;
        if (subscription.takes(type)) found.push(subscription);
      });
    }
    return found;
  }

  /** What was counted has been delivered, or never will be. */
  forgetMatches(): void {
    if (this.#matches.length > 0) this.#matches = [];
    this.#nextMatch = 0;
  }
}
