import { afterEach, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { type JWK, SignJWT } from "jose";
import { InvalidToken } from "../../src/auth/invalid-token.ts";
import { type RemoteKeysTimes, remoteKeys } from "../../src/auth/jwks.ts";
import { KeysUnavailable, verifyToken } from "../../src/auth/tokens.ts";
import { silent } from "../../src/logger.ts";
import { until } from "../until.ts";

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** A server of keys, as an identity provider has one. */
class KeyServer {
  keys: JWK[] = [];
  answer: (() => Response | Promise<Response>) | undefined;
  asked = 0;
  readonly url: URL;

  constructor() {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        this.asked++;
        return this.answer?.() ?? Response.json({ keys: this.keys });
      },
    });
    servers.push(server);
    this.url = new URL("/jwks.json", server.url);
  }
}

function keyPair(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    public: { ...publicKey.export({ format: "jwk" }), kid } as JWK,
    sign: () => new SignJWT({ sub: kid }).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey),
  };
}

const HOUR = 3_600_000;
const times = (change: Partial<RemoteKeysTimes>) => ({
  refresh: HOUR,
  cooldown: 0,
  timeout: HOUR,
  ...change,
});

test("the keys are fetched once, however many tokens come at once", async () => {
  const server = new KeyServer();
  const pair = keyPair("a");
  server.keys = [pair.public];
  const keys = remoteKeys(server.url, silent, times({}));
  const token = await pair.sign();
  const payloads = await Promise.all(Array.from({ length: 50 }, () => verifyToken(token, keys)));
  expect(payloads).toHaveLength(50);
  expect(server.asked).toBe(1);
});

test("a new key is found as soon as a token names it", async () => {
  const server = new KeyServer();
  const [old, fresh] = [keyPair("old"), keyPair("fresh")];
  server.keys = [old.public];
  const keys = remoteKeys(server.url, silent, times({}));
  await verifyToken(await old.sign(), keys);
  server.keys = [old.public, fresh.public];
  expect(await verifyToken(await fresh.sign(), keys)).toEqual({ sub: "fresh" });
  expect(await verifyToken(await old.sign(), keys)).toEqual({ sub: "old" });
  expect(server.asked).toBe(2);
});

test("a withdrawn key is forgotten at the next refresh", async () => {
  const server = new KeyServer();
  const [old, fresh] = [keyPair("old"), keyPair("fresh")];
  server.keys = [old.public];
  const keys = remoteKeys(server.url, silent, times({ refresh: 0 }));
  await verifyToken(await old.sign(), keys);
  server.keys = [fresh.public];
  const token = await old.sign();
  const isRefused = () =>
    verifyToken(token, keys).then(
      () => false,
      (error) => error instanceof InvalidToken,
    );
  await until(isRefused);
  expect(await verifyToken(await fresh.sign(), keys)).toEqual({ sub: "fresh" });
});

test("invented keys don't make it ask again and again", async () => {
  const server = new KeyServer();
  const pair = keyPair("a");
  server.keys = [pair.public];
  const keys = remoteKeys(server.url, silent, times({ cooldown: HOUR }));
  for (let i = 0; i < 20; i++) {
    await expect(verifyToken(await keyPair(`invented-${i}`).sign(), keys)).rejects.toThrow(InvalidToken);
  }
  expect(await verifyToken(await pair.sign(), keys)).toEqual({ sub: "a" });
  expect(server.asked).toBe(1);
});

test("while the keys' server is away, the known keys do", async () => {
  const server = new KeyServer();
  const pair = keyPair("a");
  server.keys = [pair.public];
  const warnings: string[] = [];
  const logger = { ...silent, warn: (_: unknown, message: string) => void warnings.push(message) };
  const keys = remoteKeys(server.url, logger, times({ refresh: 0 }));
  await verifyToken(await pair.sign(), keys);
  server.answer = () => new Response("down", { status: 502 });
  for (let i = 0; i < 5; i++) expect(await verifyToken(await pair.sign(), keys)).toEqual({ sub: "a" });
  await until(() => warnings.length > 0);
});

test.each<[string, () => Response | Promise<Response>]>([
  ["that fails", () => new Response("", { status: 500 })],
  ["that sends no JSON", () => new Response("<html>")],
  ["that sends no keys", () => Response.json({})],
  ["that sends elsewhere", () => Response.redirect("http://127.0.0.1:1/")],
])("a server %s is no fault of the token's", async (_, answer) => {
  const server = new KeyServer();
  server.answer = answer;
  const keys = remoteKeys(server.url, silent, times({}));
  await expect(verifyToken(await keyPair("a").sign(), keys)).rejects.toThrow(KeysUnavailable);
});

test("a server that does not answer is not waited for", async () => {
  const server = new KeyServer();
  server.answer = () => new Promise(() => {});
  const keys = remoteKeys(server.url, silent, times({ timeout: 20 }));
  await expect(verifyToken(await keyPair("a").sign(), keys)).rejects.toThrow(KeysUnavailable);
});

test("a secret among published keys signs nothing", async () => {
  const server = new KeyServer();
  const k = Buffer.from("a secret of more than thirty-two bytes").toString("base64url");
  server.keys = [{ kty: "oct", k, kid: "s" }];
  const forged = await new SignJWT({})
    .setProtectedHeader({ alg: "HS256", kid: "s" })
    .sign(Buffer.from(k, "base64url"));
  const keys = remoteKeys(server.url, silent, times({}));
  await expect(verifyToken(forged, keys)).rejects.toThrow(InvalidToken);
});
