import type { Draft } from "../log/entry.ts";
import { RedisStore, type RedisStoreOptions } from "../log/redis/redis-store.ts";
import type { Batch, Receipt, Refusal } from "../log/store.ts";

/** The log in Redis at a node of many: an event's recipients are counted at all of them. */
export class NodeRedisStore extends RedisStore {
  readonly #elsewhere: (draft: Draft) => number;

  /** @param elsewhere how many clients of other nodes an event is for. */
  constructor(url: string, options: RedisStoreOptions, elsewhere: (draft: Draft) => number) {
    super(url, options);
    this.#elsewhere = elsewhere;
  }

  override append(batches: readonly Batch[]): Promise<readonly (readonly Receipt[] | Refusal)[]> {
    const counted = batches.map((batch) => ({
      ...batch,
      recipients: batch.drafts.map((draft, i) => (batch.recipients[i] ?? 0) + this.#elsewhere(draft)),
    }));
    return super.append(counted);
  }
}
