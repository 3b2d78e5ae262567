import type { Entry } from "./entry.ts";

/** The end of a topic. */
export interface TopicEnd {
  /** The topic. */
  readonly topic: string;
  /** The position of its last event. */
  readonly position: number;
  /** Whether that event is private: others do not learn that the topic has ended. */
  readonly private: boolean;
}

/** The most ended topics, where no other bound is given. */
export const DEFAULT_ENDED_TOPICS = 10_000;

/** The ended topics of a log, as those see them who ask. */
export interface EndedReader {
  /** The most ended topics. When there are more, those that ended first are open again. */
  readonly most: number;
  /** The number of ended topics. */
  readonly count: number;
  /** How many were opened again because the bound was passed. */
  readonly dropped: number;
  /** The end of a topic; undefined while it is open. */
  get(topic: string): TopicEnd | undefined;
  /** All ends, oldest first. */
  all(): readonly TopicEnd[];
}

/** What has changed, by topic; undefined: it is open again. */
export type EndChanges = ReadonlyMap<string, TopicEnd | undefined>;

/** The topics whose last event was published with `end`, in memory, in the order of their ends. */
export class EndedTopics implements EndedReader {
  readonly most: number;
  dropped = 0;
  readonly #ends = new Map<string, TopicEnd>();

  constructor(most: number = DEFAULT_ENDED_TOPICS) {
    this.most = most;
  }

  get count(): number {
    return this.#ends.size;
  }

  get(topic: string): TopicEnd | undefined {
    return this.#ends.get(topic);
  }

  all(): readonly TopicEnd[] {
    return [...this.#ends.values()];
  }

  /** Takes events that have been kept, with positions after those before. */
  keep(entries: readonly Entry[]): EndChanges {
    return this.add(entries.filter(({ end }) => end).flatMap(endsOf));
  }

  /** Takes ends, oldest first. */
  add(ends: readonly TopicEnd[]): EndChanges {
    const changes = new Map<string, TopicEnd | undefined>();
    for (const end of ends) {
      this.#ends.delete(end.topic);
      this.#ends.set(end.topic, end);
      changes.set(end.topic, end);
    }
    for (const topic of this.#ends.keys()) {
      if (this.#ends.size <= this.most) break;
      this.#ends.delete(topic);
      this.dropped++;
      changes.set(topic, undefined);
    }
    return changes;
  }

  /** Begins with these, oldest first, and forgets all others. Returns those that are past the bound. */
  load(ends: readonly TopicEnd[]): EndChanges {
    this.#ends.clear();
    return new Map([...this.add(ends)].filter(([, end]) => end === undefined));
  }

  /** Opens a topic again. False if it was open. */
  open(topic: string): boolean {
    return this.#ends.delete(topic);
  }

  /** Forgets ends before this position: whoever keeps the log has dropped them. */
  dropBefore(position: number): void {
    for (const end of this.#ends.values()) {
      if (end.position >= position) break;
      this.#ends.delete(end.topic);
    }
  }

  /** Forgets ends after this position: those events are lost. */
  dropAfter(position: number): void {
    for (const end of this.#ends.values()) if (end.position > position) this.#ends.delete(end.topic);
  }
}

/** The ends that an event with `end` sets. */
export function endsOf({ topics, position, private: isPrivate }: Entry): TopicEnd[] {
  return topics.map((topic) => ({ topic, position, private: isPrivate }));
}
