import type { Draft, Entry } from "../../src/log/entry.ts";
import type { Store } from "../../src/log/store.ts";

/** A store whose answers take a while, as those of one elsewhere do. */
export class SlowStore implements Store {
  readonly name = "slow";
  readonly bounds: Store["bounds"];
  readonly #store: Store;
  readonly #wait: () => Promise<void>;

  constructor(store: Store, wait: () => Promise<void>) {
    this.bounds = store.bounds;
    this.#store = store;
    this.#wait = wait;
  }

  get head(): number {
    return this.#store.head;
  }

  get earliest(): Store["earliest"] {
    return this.#store.earliest;
  }

  get count(): number {
    return this.#store.count;
  }

  get bytes(): number {
    return this.#store.bytes;
  }

  append(drafts: readonly Draft[], recipients: readonly number[]): Promise<readonly Entry[]> {
    return this.#slowly(this.#store.append(drafts, recipients));
  }

  trim(): Promise<void> {
    return this.#slowly(this.#store.trim());
  }

  find(id: string): Promise<Entry | undefined> {
    return this.#slowly(this.#store.find(id));
  }

  read(after: number, limit: number): Promise<readonly Entry[]> {
    return this.#slowly(this.#store.read(after, limit));
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #slowly<T>(answer: T | Promise<T>): Promise<T> {
    await this.#wait();
    return answer;
  }
}
