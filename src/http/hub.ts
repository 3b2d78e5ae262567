import type { Tickets } from "../auth/tickets.ts";
import type { Broker } from "../broker/broker.ts";
import type { Catalog } from "../events/catalog.ts";
import type { Access } from "./access.ts";
import type { AddressOf } from "./address.ts";
import type { Limits } from "./limits.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Refusals } from "./refusals.ts";

/** What the routes work on. */
export interface Hub {
  readonly broker: Broker;
  readonly catalog: Catalog;
  /** Whether types that the catalog does not know are refused. */
  readonly strict: boolean;
  readonly access: Access;
  readonly tickets: Tickets;
  readonly refusals: Refusals;
  readonly addressOf: AddressOf;
  readonly limits: Limits;
  /** Of events, by publisher. */
  readonly publishRate: RateLimit | undefined;
}
