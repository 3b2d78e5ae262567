import type { Broker } from "../../broker/broker.ts";

/**
 * Removes the clients of a key when the key is withdrawn. Each key has one listener for all of its clients,
 * which are found by their `about`.
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
