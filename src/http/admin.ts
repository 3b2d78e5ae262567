import { forbidden } from "./challenge.ts";
import type { Hub } from "./hub.ts";

/**
 * For routes that are the administrators'.
 *
 * @throws Problem 401 or 403 when the sender of the request is none.
 */
export async function requireAdmin({ access }: Hub, request: Request): Promise<void> {
  const grant = await access(request);
  if (!grant.admin) throw forbidden(grant, "this takes the administrator's key (--admin-key)");
}
