import type { Authority } from "../../auth/authority.ts";
import { type Grant, OPEN, PUBLIC } from "../../auth/grant.ts";
import { InvalidToken, KeysUnavailable } from "../../auth/tokens.ts";
import { forbidden, invalidToken } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import { readCredential } from "../request/credential.ts";
import type { Remedies } from "./remedies.ts";

/**
 * An access policy: decides what the sender of a request may do. For a request without a credential it
 * returns the grant of an anonymous sender.
 *
 * @throws Problem to refuse the request with a status, a detail and headers. Any other error is a 500.
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

/** Everyone may read public events, and do nothing else. */
export const publicAccess: Access = () => PUBLIC;

/** Everyone may do everything. */
export const openAccess: Access = () => OPEN;

/**
 * An access policy that takes the keys and tokens of an authority, from `Authorization: Bearer` or from the
 * cookie.
 *
 * @example
 * ```ts
 * import { Authority, Broker, keyAccess, tidings } from "tidings";
 * const authority = new Authority({ publishKeys: [process.env["PUBLISH_KEY"] ?? ""] });
 * const hub = tidings({ broker: new Broker(), access: keyAccess(authority) });
 * ```
 */
export function keyAccess(authority: Authority): Access {
  // No async function: most grants are known at once, and each promise is a cost of every publish.
  return (request) => {
    const credential = readCredential(request);
    if (credential === undefined) return authority.nobody;
    try {
      const grant = authority.grant(credential);
      return grant instanceof Promise ? grant.catch(refuse) : grant;
    } catch (error) {
      return refuse(error);
    }
  };
}

/** @throws Problem 401 for a token that is not valid, 503 where its key can't be had. */
function refuse(error: unknown): never {
  if (error instanceof InvalidToken) throw invalidToken(error.message);
  if (error instanceof KeysUnavailable) {
    throw new Problem(503, error.message, { type: "keys-unavailable", retryAfter: 5, cause: error });
  }
  throw error;
}

/** The access policy, and the words for its refusals. */
export interface AccessRules {
  readonly access: Access;
  readonly remedies: Remedies;
}

/**
 * The grant of an administrator.
 *
 * @throws Problem 401 or 403 when the sender of the request is no administrator
 */
export async function requireAdmin({ access, remedies }: AccessRules, request: Request): Promise<Grant> {
  const grant = await access(request);
  if (!grant.admin) throw forbidden(grant, remedies.administer);
  return grant;
}
