import type { Authority } from "../../auth/authority.ts";
import { type Grant, OPEN, PUBLIC } from "../../auth/grant.ts";
import { InvalidToken, KeysUnavailable } from "../../auth/tokens.ts";
import { forbidden, invalidToken } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import { readCredential } from "../request/credential.ts";
import type { Remedies } from "./remedies.ts";

/**
 * Finds out what the sender of a request may do. What it throws is the answer, such as a 401 for a
 * credential that is not good; without any credential, it gives the grant of an anonymous one.
 *
 * @throws Problem to refuse the request with its status and headers; anything else is a 500.
 *
 * @example
 * ```ts
 * import { type Access, Problem } from "tidings";
 * const access: Access = (request) => {
 *   const user = request.headers.get("x-user");
 *   if (user === null) {
 *     throw new Problem(401, "sign in first", { headers: { "www-authenticate": "Bearer" } });
 *   }
 *   return { subject: user, subscribe: ["*"], privateTopics: [`users/${user}`] };
 * };
 * ```
 */
export type Access = (request: Request) => Grant | Promise<Grant>;

/** Everyone may read what is public, and nothing else. */
export const publicAccess: Access = () => PUBLIC;

/** Everyone may do everything. */
export const openAccess: Access = () => OPEN;

/**
 * By the keys and tokens of an authority, which come as `Authorization: Bearer` or in the cookie.
 *
 * @example
 * ```ts
 * import { Authority, Broker, keyAccess, tidings } from "tidings";
 * const authority = new Authority({ publishKeys: [process.env["PUBLISH_KEY"] ?? ""] });
 * const hub = tidings({ broker: new Broker(), access: keyAccess(authority) });
 * ```
 */
export function keyAccess(authority: Authority): Access {
  return async (request) => {
    const credential = readCredential(request);
    if (credential === undefined) return authority.nobody;
    try {
      return await authority.grant(credential);
    } catch (error) {
      if (error instanceof InvalidToken) throw invalidToken(error.message);
      if (error instanceof KeysUnavailable) {
        throw new Problem(503, error.message, { type: "keys-unavailable", retryAfter: 5, cause: error });
      }
      throw error;
    }
  };
}

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
