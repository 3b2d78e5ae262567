import { expect, test } from "bun:test";
import { SignJWT, UnsecuredJWT } from "jose";
import type { Logger } from "../../src/logger.ts";
import { startConfigured } from "../configured.ts";
import { defer } from "../defer.ts";

test("3,000 requests with tokens of nobody, while the keys can't be had, make few fetches and few log lines", async () => {
  let fetches = 0;
  const issuer = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      fetches++;
      return new Response("down", { status: 503 });
    },
  });
  defer(() => issuer.stop(true));
  let lines = 0;
  const count = () => void lines++;
  const logger: Logger = { debug() {}, info: count, warn: count, error: count };
  const { url } = await startConfigured(["--jwks-url", `${issuer.url.href}jwks.json`], logger);
  const secret = new TextEncoder().encode("a secret of more than thirty-two bytes");
  const unknown = `${await new SignJWT({}).setProtectedHeader({ alg: "HS256" }).sign(secret)}`;
  // As a stranger writes it: the head of a published key's algorithm, and any signature.
  const forged = unknown.replace(/^[^.]+/, Buffer.from('{"alg":"ES256","kid":"x"}').toString("base64url"));
  const tokens = [new UnsecuredJWT({}).encode(), unknown, forged];
  const statuses = new Map<number, number>();
  const startedAt = performance.now();
  for (let round = 0; round < 30; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const authorization = `Bearer ${tokens[i % tokens.length]}`;
        const { status } = await fetch(`${url}/history`, { headers: { authorization } });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
  }
  // A token that no key could make good is its bearer's fault; one that a key might is not.
  expect(Object.fromEntries(statuses)).toEqual({ 401: 2010, 503: 990 });
  expect(fetches).toBeLessThan(8);
  // The fetches', ten failed requests in ten seconds, the start's.
  const tens = Math.ceil((performance.now() - startedAt) / 10_000);
  expect(lines).toBeLessThan(25 + 10 * tens);
});
