import type { Grant } from "../../auth/grant.ts";
import type { Catalog } from "../../events/catalog.ts";
import type { Draft } from "../../log/entry.ts";
import type { Receipt } from "../../log/store.ts";
import { DEFAULT_TYPE } from "../../protocol/frame.ts";
import { BoundedCounts, OTHER } from "../metrics/counts.ts";

/** How many types, and how many publishers, are counted by name. */
const MAX_COUNTED_TYPES = 200;
const MAX_COUNTED_PUBLISHERS = 100;
/** How much of a publisher's name a metric shows, in characters. */
const MAX_LABEL_LENGTH = 100;

/** An event that was taken, and from whom: all but its data. */
export interface Publication {
  /** The subject of the publisher's key or token; null for one that is not known. */
  readonly subject: string | null;
  /** Tells publishers apart for certain, where subjects may be the same: see `Grant.account`. */
  readonly account: string | null;
  /** The publisher's, or given by the log. */
  readonly id: string;
  /** The event's type. */
  readonly type: string;
  /** The event's topics; none for a broadcast. */
  readonly topics: readonly string[];
  /** The length of its data as JSON text, in bytes. */
  readonly bytes: number;
  /** Whether it is only for those who may read the private events of one of its topics. */
  readonly private: boolean;
  /** How many clients it was for. */
  readonly recipients: number;
  /** It had been published before, so nothing was done. */
  readonly duplicate: boolean;
}

/** Keeps the books of what was taken from publishers. */
export class Publications {
  readonly #catalog: Catalog;
  readonly #tell: ((publication: Publication) => void) | undefined;
  /** By types of the catalog; all others are one. */
  readonly types = new BoundedCounts(MAX_COUNTED_TYPES);
  readonly publishers = new BoundedCounts(MAX_COUNTED_PUBLISHERS);

  /** @param tell is given every publication. */
  constructor(catalog: Catalog, tell?: (publication: Publication) => void) {
    this.#catalog = catalog;
    this.#tell = tell;
  }

  /** @param receipts those of the events, in the same order. */
  add(grant: Grant, events: readonly Draft[], receipts: readonly Receipt[]): void {
    const { subject, account } = grant;
    const publisher = (account ?? subject ?? "anonymous").slice(0, MAX_LABEL_LENGTH);
    for (const [i, event] of events.entries()) {
      const receipt = receipts[i];
      if (!receipt) continue;
      const { id, recipients, duplicate } = receipt;
      const { type = DEFAULT_TYPE, topics, json } = event;
      if (!duplicate) {
        this.types.add(this.#catalog.has(type) ? type : OTHER);
        this.publishers.add(publisher);
      }
      this.#tell?.({
        subject: subject ?? null,
        account: account ?? null,
        id,
        type,
        topics,
        bytes: Buffer.byteLength(json),
        private: event.private,
        recipients,
        duplicate,
      });
    }
  }
}
