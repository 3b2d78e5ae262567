import type { Broker } from "../../broker/broker.ts";

/**
 * Removes the clients of a key when it is withdrawn. A key has one listener, however many clients came
 * by it: they are found by their `about`.
 */
export class Withdrawals {
  readonly #broker: Broker;
  readonly #watched = new WeakSet<AbortSignal>();

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  watch(withdrawn: AbortSignal): void {
    if (this.#watched.has(withdrawn)) return;
    this.#watched.add(withdrawn);
    withdrawn.addEventListener("abort", () => this.#remove(withdrawn), { once: true });
  }

  #remove(withdrawn: AbortSignal): void {
    for (const { id, about } of this.#broker.clients) {
      if (about.credential?.withdrawn === withdrawn) this.#broker.removeClient(id, "expired");
    }
  }
}
