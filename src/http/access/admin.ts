import type { Grant } from "../../auth/grant.ts";
import { forbidden } from "../answer/challenge.ts";
import type { Access } from "./access.ts";

/**
 * For routes that are the administrators'.
 *
 * @throws Problem 401 or 403 when the sender of the request is none.
 */
export async function requireAdmin(access: Access, request: Request): Promise<Grant> {
  const grant = await access(request);
  if (!grant.admin) throw forbidden(grant, "this takes the administrator's key (--admin-key)");
  return grant;
}
