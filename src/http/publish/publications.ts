import type { Grant } from "../../auth/grant.ts";
import type { Catalog } from "../../events/catalog.ts";
import type { Draft } from "../../log/entry.ts";
import type { Receipt } from "../../log/store.ts";
import { DEFAULT_TYPE } from "../../protocol/frame.ts";
import { BoundedCounts, OTHER } from "../metrics/counts.ts";
import { PublisherCounts } from "./publisher-counts.ts";

/** The most types that are counted by name. */
const MAX_COUNTED_TYPES = 200;

/** An event that was taken, and its publisher. It has no data. */
export interface Publication {
  /** The subject of the publisher; null for an unknown one. */
  readonly subject: string | null;
  /** The account of the publisher, which unlike the subject is unique; see `Grant.account`. Null for an unknown one. */
  readonly account: string | null;
  /** The id of the event: the publisher's, or one of the hub. */
  readonly id: string;
  /** The type of the event. */
  readonly type: string;
  /** The topics of the event; none for a broadcast. */
  readonly topics: readonly string[];
  /** The length of its data as JSON text, in bytes. */
  readonly bytes: number;
  /** Whether the event is private. */
  readonly private: boolean;
  /** The number of clients that the event was for. */
  readonly recipients: number;
  /** Whether the event had been published before. Then it was not delivered again. */
  readonly duplicate: boolean;
}

/** Counts and reports the events that were taken from publishers. */
export class Publications {
  readonly #catalog: Catalog;
  readonly #tell: ((publication: Publication) => void) | undefined;
  /** By types of the catalog; all others are one. */
  readonly types = new BoundedCounts(MAX_COUNTED_TYPES);
  readonly publishers = new PublisherCounts();

  /** @param tell is given every publication. */
  constructor(catalog: Catalog, tell?: (publication: Publication) => void) {
    this.#catalog = catalog;
    this.#tell = tell;
  }

  /** @param receipts those of the events, in the same order. */
  add(grant: Grant, events: readonly Draft[], receipts: readonly Receipt[]): void {
    const { subject, account } = grant;
    // A batch counts once for each of its types, and most have few.
    const fresh = events.length > 1 ? new Map<string, number>() : undefined;
    for (let i = 0; i < events.length; i++) {
      const event = events[i];
      const receipt = receipts[i];
      if (!event || !receipt) continue;
      const { id, recipients, duplicate } = receipt;
      const { type = DEFAULT_TYPE, topics, json } = event;
      if (!duplicate) {
        if (fresh) fresh.set(type, (fresh.get(type) ?? 0) + 1);
        else this.#count(grant, type, 1);
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
    if (fresh) for (const [type, count] of fresh) this.#count(grant, type, count);
  }

  #count(grant: Grant, type: string, count: number): void {
    this.types.add(this.#catalog.has(type) ? type : OTHER, count);
    this.publishers.add(grant, type, count);
  }
}
