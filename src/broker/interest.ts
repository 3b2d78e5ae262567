import type { Draft, Entry } from "../log/entry.ts";
import type { MayRead } from "../log/store.ts";
import { DEFAULT_TYPE } from "../protocol/frame.ts";
import { TopicPatterns } from "../topics/topic-patterns.ts";

/** The events that a client asks for, and those that it may read. */
export interface Interest {
  /** Exact topics, prefixes that end in `*`, or `*`. None: every topic. */
  readonly topics: readonly string[];
  /** Event types. None: every type. */
  readonly types: readonly string[];
  /**
   * Private topics: the topics, in the same forms, whose private events the client may read.
   *
   * @defaultValue none
   */
  readonly privateTopics?: readonly string[];
  /**
   * The topics, in the same forms, that the client is allowed to ask for. The client does not learn
   * whether events on other topics exist.
   *
   * @defaultValue every topic
   */
  readonly allowedTopics?: readonly string[];
}

/** The topics whose private events somebody may read; undefined for none. */
export type PrivateTopics = TopicPatterns | undefined;

export function toPrivateTopics(patterns: readonly string[] = []): PrivateTopics {
  return patterns.length > 0 ? TopicPatterns.of(patterns) : undefined;
}

/** Whether a reader may read an event. A private event needs one of its topics among the private topics. */
export function mayRead(
  privateTopics: PrivateTopics,
  { topics, private: isPrivate }: Pick<Draft, "topics" | "private">,
): boolean {
  return !isPrivate || (privateTopics?.hasAny(topics) ?? false);
}

/** Whether a reader with this interest may know that an event exists, even if it does not ask for it. */
export function mayKnow({ privateTopics, allowedTopics }: Interest): MayRead {
  const known = toPrivateTopics(privateTopics);
  const allowed = allowedTopics && TopicPatterns.of(allowedTopics);
  return (event) =>
    mayRead(known, event) && (!allowed || event.topics.length === 0 || allowed.hasAny(event.topics));
}

/** As much of an event as decides who asks for it. */
export type Subject = Pick<Draft, "type" | "topics" | "private"> & Partial<Pick<Entry, "erased">>;

/** The topics of an interest as patterns. */
export function patternsOf({ topics }: Pick<Interest, "topics">): readonly string[] {
  return topics.length > 0 ? topics : ["*"];
}

/** Decides which events an interest covers, for delivery, replay and the history alike. */
export class Filter {
  readonly #topics: TopicPatterns;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #privateTopics: PrivateTopics;

  constructor({ topics, types, privateTopics = [] }: Interest) {
    this.#topics = new TopicPatterns(patternsOf({ topics }));
    this.#types = types.length > 0 ? new Set(types) : undefined;
    this.#privateTopics = toPrivateTopics(privateTopics);
  }

  /** Whether the interest covers the event type. */
  takes(type = DEFAULT_TYPE): boolean {
    return !this.#types || this.#types.has(type);
  }

  /** Whether the interest asks for the event. An event without topics is a broadcast, for everyone. */
  asksFor({ type, topics, erased }: Subject): boolean {
    return !erased && this.takes(type) && (topics.length === 0 || this.#topics.hasAny(topics));
  }

  /** Whether the interest asks for the event, and the reader may read it. */
  wants(event: Subject): boolean {
    return this.asksFor(event) && mayRead(this.#privateTopics, event);
  }
}
