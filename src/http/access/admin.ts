import type { Grant } from "../../auth/grant.ts";
import { forbidden } from "../answer/challenge.ts";
import type { Access } from "./access.ts";
import type { Remedies } from "./remedies.ts";

/** Who may do what, and what to tell those who may not. */
export interface AccessRules {
  readonly access: Access;
  readonly remedies: Remedies;
}

/**
 * For routes that are the administrators'.
 *
 * @throws Problem 401 or 403 when the sender of the request is none.
 */
export async function requireAdmin({ access, remedies }: AccessRules, request: Request): Promise<Grant> {
  const grant = await access(request);
  if (!grant.admin) throw forbidden(grant, remedies.administer);
  return grant;
}
