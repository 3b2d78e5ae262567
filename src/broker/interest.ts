import type { Draft, Entry } from "../log/entry.ts";
import type { MayRead } from "../log/store.ts";
import { DEFAULT_TYPE } from "../protocol/frame.ts";
import { TopicPatterns } from "../topics/topic-patterns.ts";

/** What a client asks for, and what it may read. */
export interface Interest {
  /** Exact topics, prefixes that end in `*`, or `*`. None: every topic. */
  readonly topics: readonly string[];
  /** Event types. None: every type. */
  readonly types: readonly string[];
  /**
   * The topics, in the same forms, whose private events it may read.
   *
   * @defaultValue none
   */
  readonly privateTopics?: readonly string[];
  /**
   * The topics, in the same forms, that it could ask for. It learns of no other topic's events
   * whether there are any.
   *
   * @defaultValue every topic
   */
  readonly allowedTopics?: readonly string[];
}

/** The topics whose private events somebody may read; undefined for none. */
export type PrivateTopics = TopicPatterns | undefined;

export function toPrivateTopics(patterns: readonly string[] = []): PrivateTopics {
  return patterns.length > 0 ? new TopicPatterns(patterns) : undefined;
}

/** Whether an event may be read: a private one by those alone who may read one of its topics. */
export function mayRead(
  privateTopics: PrivateTopics,
  { topics, private: isPrivate }: Pick<Draft, "topics" | "private">,
): boolean {
  return !isPrivate || (privateTopics?.hasAny(topics) ?? false);
}

/** Whether somebody with this interest may know of an event, whatever it asks for now. */
export function mayKnow({ privateTopics, allowedTopics }: Interest): MayRead {
  const known = toPrivateTopics(privateTopics);
  const allowed = allowedTopics && new TopicPatterns(allowedTopics);
  return (event) =>
    mayRead(known, event) && (!allowed || event.topics.length === 0 || allowed.hasAny(event.topics));
}

type Subject = Pick<Draft, "type" | "topics" | "private"> & Partial<Pick<Entry, "erased">>;

/** The topics it asks for, as patterns. */
export function patternsOf({ topics }: Pick<Interest, "topics">): readonly string[] {
  return topics.length > 0 ? topics : ["*"];
}

/** Which events an interest is for: live, in replay and in the history alike. */
export class Filter {
  readonly #topics: TopicPatterns;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #privateTopics: PrivateTopics;

  constructor({ topics, types, privateTopics = [] }: Interest) {
    this.#topics = new TopicPatterns(patternsOf({ topics }));
    this.#types = types.length > 0 ? new Set(types) : undefined;
    this.#privateTopics = toPrivateTopics(privateTopics);
  }

  /** Whether it takes events of the type, on whatever topic. */
  takes(type = DEFAULT_TYPE): boolean {
    return !this.#types || this.#types.has(type);
  }

  /** Whether it asks for the event. One without topics is a broadcast, for everyone. */
  asksFor({ type, topics, erased }: Subject): boolean {
    return !erased && this.takes(type) && (topics.length === 0 || this.#topics.hasAny(topics));
  }

  /** Whether it asks for the event and may read it. */
  wants(event: Subject): boolean {
    return this.asksFor(event) && mayRead(this.#privateTopics, event);
  }
}
