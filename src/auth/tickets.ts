import { randomBytes } from "node:crypto";
import type { Grant } from "./grant.ts";

/** How long a ticket can be used, in ms: as long as it takes to open a stream with it. */
export const TICKET_LIFE = 10_000;
/** How many can wait for their use. */
const MOST = 100_000;

interface Issued {
  readonly grant: Grant;
  readonly until: number;
}

/** Stand-ins for a credential, each good for one use within seconds, so that an address may hold it. */
export class Tickets {
  /** Oldest first, since all live equally long. */
  readonly #issued = new Map<string, Issued>();

  /** A ticket for what is granted; undefined while too many others wait for their use. */
  issue(grant: Grant): string | undefined {
    const now = performance.now();
    for (const [ticket, { until }] of this.#issued) {
      if (until > now) break;
      this.#issued.delete(ticket);
    }
    if (this.#issued.size >= MOST) return undefined;
    const ticket = randomBytes(32).toString("base64url");
    this.#issued.set(ticket, { grant, until: now + TICKET_LIFE });
    return ticket;
  }

  /** What the ticket grants, the first time it is asked for; undefined when it is not, or no longer, good. */
  redeem(ticket: string): Grant | undefined {
    const issued = this.#issued.get(ticket);
    this.#issued.delete(ticket);
    return issued && issued.until > performance.now() ? issued.grant : undefined;
  }
}
