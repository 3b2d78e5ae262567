import { SignJWT } from "jose";
import { type AppOptions, createApp } from "../../src/app.ts";
import { Authority, type AuthorityOptions } from "../../src/auth/authority.ts";
import type { Claims } from "../../src/auth/claims.ts";
import { readVerifyingKey } from "../../src/auth/read-key.ts";
import { Broker } from "../../src/broker/broker.ts";
import { flagRemedies } from "../../src/config/remedies.ts";
import { keyAccess } from "../../src/http/access/access.ts";
import { silent } from "../../src/logger.ts";
import { defer } from "../defer.ts";
import { post as postAsAnyone } from "../post.ts";

export const PUBLISH_KEY = "the-key-of-a-publisher";
export const ADMIN_KEY = "the-key-of-an-administrator";
export const SECRET = "a secret of more than thirty-two bytes";

/** A hub in this process that knows the keys above, and tokens signed with the secret. */
export function startKeyedHub(
  options: AuthorityOptions = {},
  { broker = new Broker(), ...more }: Partial<Pick<AppOptions, "broker" | "backupFolder">> = {},
): { url: string; broker: Broker } {
  const authority = new Authority({
    publishKeys: [PUBLISH_KEY],
    adminKeys: [ADMIN_KEY],
    // The clock that signs is the clock that checks.
    tokens: { ...readVerifyingKey(SECRET), leeway: 0 },
    ...options,
  });
  const app = createApp({
    remedies: flagRemedies,
    logger: silent,
    broker,
    access: keyAccess(authority),
    hosts: [],
    origins: [],
    ...more,
  });
  app.listen({ port: 0, hostname: "127.0.0.1" });
  defer(async () => {
    await broker.close();
    await app.server?.stop(true);
  });
  return { url: `http://127.0.0.1:${app.server?.port}`, broker };
}

/** A token of the claims, signed with the secret. */
export function sign(
  claims: Claims,
  { subject = "somebody", expires = "1h" }: { subject?: string; expires?: string | number | Date } = {},
): Promise<string> {
  return new SignJWT({ tidings: claims })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(subject)
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(SECRET));
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Posts JSON, with a token if there is one. */
export function post(url: string, body: unknown, token?: string): Promise<Response> {
  return postAsAnyone(url, body, token === undefined ? {} : bearer(token));
}
