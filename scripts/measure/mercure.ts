import { SignJWT } from "jose";
import type { Dialect, MercureUse } from "./cases.ts";
import { HOST } from "./child.ts";
import type { HttpAddress } from "./server.ts";

/** The one who signs tokens. */
export const ISSUER = "https://bench.example.com";
/** The hub that they are for, whatever its address. */
export const AUDIENCE = `${ISSUER}/.well-known/mercure`;

const PATH = "/.well-known/mercure";
/** A name and one more part, so that a pattern has something to stand for. */
const TOPIC = "https://example.com/{topic}/1";

const SUBSCRIBE: Readonly<Record<Dialect, Readonly<Record<MercureUse["select"], string>>>> = {
  "1": {
    topic: `${PATH}?match=${TOPIC}`,
    pattern: `${PATH}?match_urlpattern=https://example.com/{topic}/:part`,
  },
  "0": {
    topic: `${PATH}?topic=${TOPIC}`,
    pattern: `${PATH}?topic=https://example.com/{topic}/%7Bpart%7D`,
  },
};

/** What a publisher's token says. */
const CLAIMS: Readonly<Record<Dialect, object>> = {
  "1": {
    authorization_details: [
      { type: "https://mercure.rocks/authorization-detail", actions: ["publish"], topics: [{ match: "*" }] },
    ],
  },
  "0": { mercure: { publish: ["*"] } },
};

/** What is said to any hub of this protocol. @param key the secret that it verifies tokens with. */
export async function mercureAddress(
  port: number,
  { dialect, select }: MercureUse,
  key: string,
): Promise<HttpAddress> {
  const token = await new SignJWT({ ...CLAIMS[dialect] })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(key));
  return {
    protocol: "http",
    hostname: HOST,
    port,
    subscribe: SUBSCRIBE[dialect][select],
    publish: PATH,
    contentType: "application/x-www-form-urlencoded",
    headers: { Authorization: `Bearer ${token}` },
    body: `topic=${TOPIC}&data={data}`,
  };
}

/** The version of Mercure's own hub on the PATH, such as `v0.24.2`; undefined where there is none. */
function installedVersion(): string | undefined {
  if (!Bun.which("mercure")) return undefined;
  const { stdout } = Bun.spawnSync(["mercure", "list-modules", "--versions"], { stderr: "ignore" });
  return /^http\.handlers\.mercure (\S+)/m.exec(stdout.toString())?.[1];
}

/** What Mercure's own hub on the PATH speaks; version 1 where there is none. */
export const installedDialect: Dialect = installedVersion()?.startsWith("v0.") ? "0" : "1";
