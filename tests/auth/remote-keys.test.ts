import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { type JWK, SignJWT } from "jose";
import { type RemoteKeysTimes, remoteKeys } from "../../src/auth/remote-keys.ts";
import { InvalidToken, KeysUnavailable, verifyToken } from "../../src/auth/tokens.ts";
import { silent } from "../../src/logger.ts";
import { defer } from "../defer.ts";
import { until } from "../until.ts";

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
    defer(() => server.stop(true));
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
  expect((await verifyToken(await fresh.sign(), keys)).payload).toEqual({ sub: "fresh" });
  expect((await verifyToken(await old.sign(), keys)).payload).toEqual({ sub: "old" });
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
  expect((await verifyToken(await fresh.sign(), keys)).payload).toEqual({ sub: "fresh" });
});

test("invented keys don't make it ask again and again", async () => {
  const server = new KeyServer();
  const pair = keyPair("a");
  server.keys = [pair.public];
  const keys = remoteKeys(server.url, silent, times({ cooldown: HOUR }));
  for (let i = 0; i < 20; i++) {
    await expect(verifyToken(await keyPair(`invented-${i}`).sign(), keys)).rejects.toThrow(InvalidToken);
  }
  expect((await verifyToken(await pair.sign(), keys)).payload).toEqual({ sub: "a" });
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
  for (let i = 0; i < 5; i++)
    expect((await verifyToken(await pair.sign(), keys)).payload).toEqual({ sub: "a" });
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

test("a server that is down is asked seldom, and told of seldom, however many tokens come", async () => {
  const server = new KeyServer();
  server.answer = () => new Response("down", { status: 502 });
  let lines = 0;
  const count = () => void lines++;
  const keys = remoteKeys(server.url, { debug: count, info: count, warn: count, error: count });
  const token = await keyPair("a").sign();
  for (let i = 0; i < 30; i++) {
    const tries = Array.from({ length: 100 }, () => verifyToken(token, keys));
    for (const { reason } of (await Promise.allSettled(tries)) as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(KeysUnavailable);
    }
  }
  // At most one a second at first.
  expect(server.asked).toBeLessThan(5);
  expect(lines).toBe(server.asked);
});

test("a set without end is cut off", async () => {
  const server = new KeyServer();
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const chunk = new TextEncoder().encode(" ".repeat(64 * 1024));
  let sent = 0;
  server.answer = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sent += chunk.length;
          controller.enqueue(chunk);
        },
        cancel: () => resolve(),
      }),
    );
  const keys = remoteKeys(server.url, silent, times({}));
  await expect(verifyToken(await keyPair("a").sign(), keys)).rejects.toThrow(KeysUnavailable);
  await left;
  expect(sent).toBeLessThan(64 * 1024 ** 2);
});

test("keys that can't be read, or are of no use here, leave the others of their set alone", async () => {
  const server = new KeyServer();
  const pair = keyPair("a");
  const { publicKey: small } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  server.keys = [
    { kty: "EC", crv: "P-256", x: "AAAA", y: "AAAA", kid: "a" },
    { kty: "RSA", n: "", e: "AQAB" },
    { kty: "unheard-of" },
    { ...(small.export({ format: "jwk" }) as JWK), kid: "small" },
    null as unknown as JWK,
    "text" as unknown as JWK,
    pair.public,
  ];
  const warnings: unknown[] = [];
  const logger = { ...silent, warn: (fields: unknown) => void warnings.push(fields) };
  const keys = remoteKeys(server.url, logger, times({}));
  expect((await verifyToken(await pair.sign(), keys)).payload).toEqual({ sub: "a" });
  await expect(verifyToken(await keyPair("small").sign(), keys)).rejects.toThrow(InvalidToken);
  expect(warnings).toEqual([expect.objectContaining({ keys: 7, unusable: 6 })]);
});

test("who uses the keys is told when others take their place", async () => {
  const server = new KeyServer();
  const [old, fresh] = [keyPair("old"), keyPair("fresh")];
  server.keys = [old.public];
  const keys = remoteKeys(server.url, silent, times({}));
  const { keyDigest } = await verifyToken(await old.sign(), keys);
  let changes = 0;
  keys.onChange?.(() => changes++);
  await keys.refresh();
  expect([changes, keys.holds(keyDigest)]).toEqual([0, true]);
  server.keys = [fresh.public];
  await keys.refresh();
  expect([changes, keys.holds(keyDigest)]).toEqual([1, false]);
});
