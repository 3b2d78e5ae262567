import type { Draft } from "../log/entry.ts";
import { overlaps } from "../topics/overlap.ts";
import { PatternIndex } from "../topics/pattern-index.ts";
import { prefixOf } from "../topics/topic.ts";
import { type Interest, patternsOf } from "./interest.ts";
import { type FormatName, type KeepAliveForm, StreamFormats } from "./stream-format.ts";
import { type Reader, Subscription } from "./subscription.ts";

/** The most matches that are remembered: a batch, or more while the store fails. */
const MAX_MATCHES = 10_000;

const NONE: readonly never[] = [];

/** The subscriptions of an event, found when its recipients were counted. */
interface Match<R extends Reader> {
  readonly type: string | undefined;
  /** The list object of the event. The entry has the same object as its draft. */
  readonly topics: readonly string[];
  readonly subscriptions: readonly Subscription<R>[];
}

/** All subscriptions that have readers. Finds those that ask for an event. */
export class Subscriptions<R extends Reader> {
  readonly formats = new StreamFormats();
  readonly #byKey = new Map<string, Subscription<R>>();
  readonly #byTopic = new PatternIndex<Subscription<R>>();
  #searches = 0;
  /** The matches of the events whose recipients were counted last, in order. */
  #matches: Match<R>[] = [];
  /** The index of the first match whose event has not been delivered. */
  #nextMatch = 0;

  /** The number of subscriptions. */
  get size(): number {
    return this.#byKey.size;
  }

  /** How crowded the URL patterns and templates are: see {@link PatternIndex.crowd}. */
  get crowd(): number {
    return this.#byTopic.crowd;
  }

  /**
   * The subscription for these topics, types, format and form of keep-alives, made on demand. Private topics
   * are no part of it: each reader has its own, so that readers with different tokens share a subscription.
   */
  get(
    { topics, types, allowedTopics }: Interest,
    keepAlive: KeepAliveForm = "comment",
    formatName: FormatName = "json",
  ): Subscription<R> {
    // An envelope names topics, and not every reader may know all of them.
    const known = formatName === "envelope" ? allowedTopics : undefined;
    const names = [topics, types, known ?? ["*"]].map((names) => [...new Set(names)].sort());
    const key = `${formatName} ${keepAlive} ${JSON.stringify(names)}`;
    const present = this.#byKey.get(key);
    if (present) return present;
    const format = this.formats.get(formatName, keepAlive, known);
    const subscription = new Subscription<R>(key, { topics, types }, format);
    this.#byKey.set(key, subscription);
    for (const pattern of patternsOf(subscription.interest)) this.#byTopic.add(pattern, subscription);
    this.forgetMatches();
    return subscription;
  }

  /** Removes a subscription that has no readers left. */
  release(subscription: Subscription<R>): void {
    if (subscription.size > 0 || this.#byKey.get(subscription.key) !== subscription) return;
    this.#byKey.delete(subscription.key);
    for (const pattern of patternsOf(subscription.interest)) this.#byTopic.remove(pattern, subscription);
    this.forgetMatches();
  }

  /** How many readers ask for the event and may read it. */
  recipients(event: Draft): number {
    if (this.#byKey.size === 0) return 0;
    const { type, topics } = event;
    const subscriptions = this.#search(event);
    if (this.#matches.length === MAX_MATCHES) this.forgetMatches();
    this.#matches.push({ type, topics, subscriptions });
    let count = 0;
    for (const subscription of subscriptions) count += subscription.recipients(event);
    return count;
  }

  /**
   * The subscriptions that ask for the event, each once. The match from the count of recipients is used
   * again, unless a subscription was added or removed since.
   */
  find(event: Draft): readonly Subscription<R>[] {
    if (this.#byKey.size === 0) return NONE;
    for (let i = this.#nextMatch; i < this.#matches.length; i++) {
      const match = this.#matches[i];
      if (match?.topics !== event.topics || match.type !== event.type) continue;
      this.#nextMatch = i + 1;
      return match.subscriptions;
    }
    return this.#search(event);
  }

  /** How many readers ask for a topic, or for some topic of a pattern; in steps. */
  *readersOf(pattern: string): Generator<void, number, void> {
    if (prefixOf(pattern) === undefined) return this.readersAt(pattern);
    let count = 0;
    for (const subscription of this) {
      if (asksForSome(subscription, pattern)) count += subscription.size;
      yield;
    }
    return count;
  }

  /** How many readers ask for a topic. */
  readersAt(topic: string): number {
    return this.#byTopics([topic]).reduce((sum, { size }) => sum + size, 0);
  }

  /** The subscriptions that ask for a topic, whatever types they ask for. Some may come twice. */
  onTopics(topics: readonly string[]): readonly Subscription<R>[] {
    const found: Subscription<R>[] = [];
    for (const topic of topics) this.#byTopic.find(topic, (subscription) => found.push(subscription));
    return found;
  }

  [Symbol.iterator](): IterableIterator<Subscription<R>> {
    return this.#byKey.values();
  }

  /** Those that ask for a topic, or for some topic of a pattern, whatever the types that they take. */
  askingFor(pattern: string): readonly Subscription<R>[] {
    if (prefixOf(pattern) === undefined) return this.#byTopics([pattern]);
    return [...this].filter((subscription) => asksForSome(subscription, pattern));
  }

  #search({ type, topics }: Draft): readonly Subscription<R>[] {
    const found = topics.length === 0 ? [...this.#byKey.values()] : this.#byTopics(topics);
    return found.filter((subscription) => subscription.takes(type));
  }

  #byTopics(topics: readonly string[]): readonly Subscription<R>[] {
    const found: Subscription<R>[] = [];
    const search = ++this.#searches;
    for (const topic of topics) {
      this.#byTopic.find(topic, (subscription) => {
        if (subscription.foundBy === search) return;
        subscription.foundBy = search;
        found.push(subscription);
      });
    }
    return found;
  }

  /** Forgets the matches: their events have been delivered, or never will be. */
  forgetMatches(): void {
    if (this.#matches.length > 0) this.#matches = [];
    this.#nextMatch = 0;
  }
}

/** Whether a subscription asks for some topic of a pattern. */
function asksForSome({ interest }: Pick<Subscription<never>, "interest">, pattern: string): boolean {
  return patternsOf(interest).some((one) => overlaps(one, pattern));
}
