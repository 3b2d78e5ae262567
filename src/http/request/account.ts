import type { Grant } from "../../auth/grant.ts";
import type { Hub } from "../hub.ts";
import { type Incoming, siteOf } from "./address.ts";

/**
 * Whom rates and counts are for: a key, a token's subject, or without either, an address. Each kind has
 * a beginning of its own, so that none can be made to look like another.
 */
export function accountOf({ addressOf }: Hub, { account, subject }: Grant, incoming: Incoming): string {
  if (account !== undefined) return `account ${account}`;
  if (subject !== undefined) return `subject ${subject}`;
  const address = addressOf(incoming);
  return address === undefined ? "" : `address ${siteOf(address)}`;
}
