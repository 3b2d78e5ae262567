import { randomBytes } from "node:crypto";
import type { Grant } from "./grant.ts";

/** The life of a ticket, in ms: enough to open a stream with it. */
export const TICKET_LIFE_MS = 10_000;
/** The most unused tickets. */
const MAX_TICKETS = 100_000;
/** The most unused tickets of one account: enough for a hundred streams a second. */
const MAX_TICKETS_PER_ACCOUNT = 1000;

interface Issued {
  readonly grant: Grant;
  /** The key or token that it stands for, if it was shown as one. */
  readonly credential: string | undefined;
  readonly account: string;
  readonly until: number;
}

/** The name of the node that has issued a ticket; undefined where a hub has one. */
export function issuerOf(ticket: string): string | undefined {
  const end = ticket.lastIndexOf(".");
  return end < 0 ? undefined : ticket.slice(0, end);
}

/** Why no ticket is issued: too many unused tickets of the account, or too many in all. */
export type TicketRefusal = "account-full" | "full";

/** Stand-ins for a credential, each good for one use within seconds, so that an address may hold it. */
export class Tickets {
  /** The oldest first, because all tickets live equally long. */
  readonly #issued = new Map<string, Issued>();
  readonly #prefix: string;
  readonly #byAccount = new Map<string, number>();

  /** @param node the name of the node that issues them, where a hub has several. */
  constructor(node?: string) {
    this.#prefix = node === undefined ? "" : `${node}.`;
  }

  /** A ticket for what is granted to the account, or why there is none. */
  issue(grant: Grant, account: string, credential?: string): { readonly ticket: string } | TicketRefusal {
    const now = performance.now();
    for (const [ticket, { until }] of this.#issued) {
      if (until > now) break;
      this.#take(ticket);
    }
    const count = this.#byAccount.get(account) ?? 0;
    if (count >= MAX_TICKETS_PER_ACCOUNT) return "account-full";
    if (this.#issued.size >= MAX_TICKETS) return "full";
    const ticket = this.#prefix + randomBytes(32).toString("base64url");
    this.#issued.set(ticket, { grant, account, credential, until: now + TICKET_LIFE_MS });
    this.#byAccount.set(account, count + 1);
    return { ticket };
  }

  /** What the ticket was issued for, the first time it is asked for; undefined when it is not, or no longer, good. */
  redeem(ticket: string): Pick<Issued, "grant" | "credential"> | undefined {
    const issued = this.#take(ticket);
    return issued && issued.until > performance.now() ? issued : undefined;
  }

  #take(ticket: string): Issued | undefined {
    const issued = this.#issued.get(ticket);
    if (!issued) return undefined;
    this.#issued.delete(ticket);
    const left = (this.#byAccount.get(issued.account) ?? 0) - 1;
    if (left > 0) this.#byAccount.set(issued.account, left);
    else this.#byAccount.delete(issued.account);
    return issued;
  }
}
