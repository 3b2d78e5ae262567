import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { Counts, Nodes } from "../nodes/nodes.ts";
import { Subscription } from "./subscription.ts";

const check = TypeCompiler.Compile(Subscription);

/** Is told of a subscription that has begun or ended. */
export type SubscriptionChanged = (subscription: Subscription, active: boolean) => void;

/** The subscriptions that there are, at all nodes of the hub. */
export class ActiveSubscriptions {
  readonly #changed: SubscriptionChanged;
  readonly #counts: Counts;
  readonly #byKey = new Map<string, Subscription>();
  /** Those of other nodes of which something was heard in this turn. */
  readonly #heard = new Map<string, number>();
  /** How often one has begun or ended here, as far as this node knows. */
  changes = 0;

  constructor(nodes: Nodes, changed: SubscriptionChanged) {
    this.#changed = changed;
    this.#counts = nodes.counts("mercure subscriptions", (key, count) => this.#hear(key, count));
  }

  begin(subscription: Subscription): void {
    const key = JSON.stringify(subscription);
    this.#set(key, subscription);
    this.#counts.add(key, 1);
  }

  end(subscription: Subscription): void {
    const key = JSON.stringify(subscription);
    this.#delete(key);
    this.#counts.add(key, -1);
  }

  [Symbol.iterator](): IterableIterator<Subscription> {
    return this.#byKey.values();
  }

  /** When a node tells all that it has, each is first gone and then there: only the end of that counts. */
  #hear(key: string, count: number): void {
    if (this.#heard.size === 0) queueMicrotask(() => this.#takeHeard());
    this.#heard.set(key, count);
  }

  #takeHeard(): void {
    const heard = [...this.#heard];
    this.#heard.clear();
    for (const [key, count] of heard) {
      if (count <= 0) {
        this.#delete(key);
        continue;
      }
      if (this.#byKey.has(key)) continue;
      const subscription: unknown = JSON.parse(key);
      if (check.Check(subscription)) this.#set(key, subscription);
    }
  }

  #set(key: string, subscription: Subscription): void {
    this.#byKey.set(key, subscription);
    this.changes++;
    this.#changed(subscription, true);
  }

  #delete(key: string): void {
    const subscription = this.#byKey.get(key);
    if (!subscription) return;
    this.#byKey.delete(key);
    this.changes++;
    this.#changed(subscription, false);
  }
}
