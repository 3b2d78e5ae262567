import type { Draft } from "../log/entry.ts";
import { TopicPatterns } from "./topic-patterns.ts";

/** What a client asks for, and what it may read. */
export interface Interest {
  /** Exact topics, prefixes that end in `*`, or `*`. None: every topic. */
  readonly topics: readonly string[];
  /** Event types. None: every type. */
  readonly types: readonly string[];
  /** The topics, in the same forms, whose private events it may read. None by default. */
  readonly grants?: readonly string[];
}

/** Decides which events an interest is for: live, in replay and in the history alike. */
export class Filter {
  readonly topics: TopicPatterns;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #grants: TopicPatterns;

  constructor({ topics, types, grants = [] }: Interest) {
    this.topics = new TopicPatterns(topics.length > 0 ? topics : ["*"]);
    this.#types = types.length > 0 ? new Set(types) : undefined;
    this.#grants = new TopicPatterns(grants);
  }

  /** An event without topics is a broadcast, for everyone; a private one needs a grant for a topic. */
  wants({ type, topics, private: hidden }: Pick<Draft, "type" | "topics" | "private">): boolean {
    if (this.#types && !this.#types.has(type)) return false;
    if (topics.length > 0 && !this.topics.hasAny(topics)) return false;
    return !hidden || this.#grants.hasAny(topics);
  }
}
