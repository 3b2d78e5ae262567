import type { Grant } from "../../auth/grant.ts";
import { BoundedCounts, OTHER } from "../metrics/counts.ts";

/** The most publishers that are counted by name. The rest are one. */
const MAX_PUBLISHERS = 100;
/**
 * The most types of a publisher that are counted by name. The rest are one. So there are 2,121 counts at most, and
 * no publisher takes the room of another's types.
 */
const MAX_TYPES = 20;
/** The greatest length of a name, in characters. */
const MAX_NAME_LENGTH = 100;

/** How many events a publisher has published, by type. */
export interface PublishedByOne {
  /** Its account, which is unique; the subject for one without; `anonymous` for one without either. */
  readonly publisher: string;
  /** The subject of its token or key; null for a publisher without. */
  readonly subject: string | null;
  readonly types: BoundedCounts;
}

/** Counts events by publisher and type, in bounded memory. */
export class PublisherCounts {
  readonly #publishers = new Map<string, PublishedByOne>();

  add({ account, subject }: Grant, type: string, count: number): void {
    const name = (account ?? subject ?? "anonymous").slice(0, MAX_NAME_LENGTH);
    const counted = this.#publishers.get(name) ?? this.#meet(name, subject?.slice(0, MAX_NAME_LENGTH));
    counted.types.add(type.slice(0, MAX_NAME_LENGTH), count);
  }

  #meet(name: string, subject: string | undefined): PublishedByOne {
    if (this.#publishers.size < MAX_PUBLISHERS) return this.#begin(name, subject ?? null);
    return this.#publishers.get(OTHER) ?? this.#begin(OTHER, null);
  }

  #begin(publisher: string, subject: string | null): PublishedByOne {
    const counted = { publisher, subject, types: new BoundedCounts(MAX_TYPES) };
    this.#publishers.set(publisher, counted);
    return counted;
  }

  [Symbol.iterator](): Iterator<PublishedByOne> {
    return this.#publishers.values();
  }
}
