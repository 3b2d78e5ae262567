import type { Awaitable, Batch, Follower, MayRead, Store, Stretch } from "../../src/log/store.ts";

/** A store whose answers take a while, as those of one elsewhere do; it tells later too, but in order. */
export class SlowStore implements Store {
  readonly name = "slow";
  readonly bounds: Store["bounds"];
  readonly #store: Store;
  readonly #wait: () => Promise<void>;
  #told: Promise<void> = Promise.resolve();

  constructor(store: Store, wait: () => Promise<void>) {
    this.bounds = store.bounds;
    this.#store = store;
    this.#wait = wait;
  }

  get earliest(): Store["earliest"] {
    return this.#store.earliest;
  }

  get ended(): Store["ended"] {
    return this.#store.ended;
  }

  get count(): number {
    return this.#store.count;
  }

  get bytes(): number {
    return this.#store.bytes;
  }

  follow(follower: Follower): ReturnType<Store["follow"]> {
    return this.#store.follow({
      ...follower,
      kept: (entries) => {
        this.#told = this.#told.then(this.#wait).then(() => follower.kept(entries));
      },
    });
  }

  append(batches: readonly Batch[]): ReturnType<Store["append"]> {
    return this.#slowly(this.#store.append(batches));
  }

  trim(): Promise<void> {
    return this.#slowly(this.#store.trim());
  }

  async openTopic(topic: string): Promise<boolean> {
    return this.#slowly((await this.#store.openTopic?.(topic)) ?? false);
  }

  locate(cursor: string, mayRead: MayRead): Promise<number | undefined> {
    return this.#slowly(this.#store.locate(cursor, mayRead));
  }

  read(after: number, limit: number, topics?: readonly string[]): Promise<Stretch> {
    return this.#slowly(this.#store.read(after, limit, topics));
  }

  async close(): Promise<void> {
    await this.#told;
    await this.#store.close();
  }

  async #slowly<T>(answer: Awaitable<T>): Promise<T> {
    await this.#wait();
    return answer;
  }
}
