import { type Counts, type Nodes, SingleNode } from "../../nodes/nodes.ts";
import { Problem } from "../answer/problem.ts";
import { siteOf } from "../request/address.ts";
import { Descriptors } from "./descriptors.ts";
import type { Limits } from "./limits.ts";

/** The time after which a client may have disconnected, in seconds. */
const RETRY_AFTER_SECONDS = 10;

/** Decides whether there is room for one more client: in all, and from its address. */
export class Admission {
  readonly #limits: Pick<Limits, "maxClients" | "maxClientsPerAddress">;
  readonly #descriptors: Descriptors | undefined;
  readonly #elsewhere: Counts;
  readonly #bySite = new Map<string, number>();
  #count = 0;

  constructor(
    limits: Pick<Limits, "maxClients" | "maxClientsPerAddress">,
    nodes: Nodes = new SingleNode(),
    descriptors = Descriptors.ofProcess(),
  ) {
    this.#limits = limits;
    this.#elsewhere = nodes.counts("clients");
    this.#descriptors = descriptors;
  }

  /** @throws Problem 503 when the hub is full, 429 when the address has too many clients */
  assert(address: string | undefined): void {
    if (this.#descriptors?.short) {
      this.#descriptors.refusals++;
      throw new Problem(503, "the hub has no file descriptors left for more clients", {
        type: "out-of-descriptors",
        retryAfter: RETRY_AFTER_SECONDS,
        // An idle connection would keep a descriptor.
        headers: { connection: "close" },
      });
    }
    const { maxClients, maxClientsPerAddress } = this.#limits;
    if (maxClients > 0 && this.#count + this.#elsewhere.totalElsewhere >= maxClients) {
      throw new Problem(503, "the hub has as many clients as it takes", {
        type: "full",
        retryAfter: RETRY_AFTER_SECONDS,
      });
    }
    if (maxClientsPerAddress === 0 || address === undefined) return;
    const site = siteOf(address);
    const count = (this.#bySite.get(site) ?? 0) + this.#elsewhere.elsewhere(site);
    if (count < maxClientsPerAddress) return;
    throw new Problem(429, `an address may have ${maxClientsPerAddress} clients at most`, {
      type: "address-full",
      retryAfter: RETRY_AFTER_SECONDS,
    });
  }

  /** Counts a client in. */
  enter(address: string | undefined): void {
    this.#add(address, 1);
  }

  /** Counts a client out. */
  leave(address: string | undefined): void {
    this.#add(address, -1);
  }

  #add(address: string | undefined, difference: number): void {
    this.#count += difference;
    const site = address !== undefined && this.#limits.maxClientsPerAddress > 0 ? siteOf(address) : "";
    this.#elsewhere.add(site, difference);
    if (site === "") return;
    const count = (this.#bySite.get(site) ?? 0) + difference;
    if (count > 0) this.#bySite.set(site, count);
    else this.#bySite.delete(site);
  }
}
