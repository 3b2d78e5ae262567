import type { Entry } from "../../../src/log/entry.ts";
import { Log, type LogListener } from "../../../src/log/log.ts";
import { RedisStore, type RedisStoreOptions } from "../../../src/log/redis/redis-store.ts";
import { defer } from "../../defer.ts";
import { until } from "../../until.ts";

/** One node's log over Redis, with all that it was told. */
export class HubNode {
  readonly store: RedisStore;
  readonly log: Log;
  /** What was delivered, without what was rolled back. */
  delivered: Entry[] = [];
  /** The data of all that was ever delivered. */
  readonly everDelivered = new Set<string>();
  readonly rollbacks: number[] = [];
  /** After which positions something was missing. */
  readonly missed: number[] = [];
  readonly warnings: string[] = [];
  readonly notes: string[] = [];

  constructor(url: string, options?: RedisStoreOptions) {
    this.store = new RedisStore(url, options);
    const listener: LogListener = {
      recipients: () => 1,
      deliver: (entries) => {
        this.delivered.push(...entries);
        for (const { json } of entries) this.everDelivered.add(json);
      },
      missed: (after) => void this.missed.push(after),
      rolledBack: (to) => {
        this.rollbacks.push(to);
        this.delivered = this.delivered.filter(({ position }) => position <= to);
      },
      storeWarned: (message) => void this.warnings.push(message),
      storeNoted: (message) => void this.notes.push(message),
      storeFails() {},
      storeWorks() {},
    };
    this.log = new Log(this.store, listener);
    defer(() => this.log.close());
  }

  async started(): Promise<this> {
    await until(() => this.log.started);
    return this;
  }

  /** The ids of what was delivered, in order. */
  get ids(): readonly string[] {
    return this.delivered.map(({ id }) => id);
  }
}
