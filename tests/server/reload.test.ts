import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type JWK, SignJWT } from "jose";
import type { Logger } from "../../src/logger.ts";
import { startConfigured } from "../configured.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A log that is waited for. */
function recorder() {
  const messages: string[] = [];
  const add = (_: unknown, message: string) => void messages.push(message);
  const logger: Logger = { debug() {}, info: add, warn: add, error: add };
  return { logger, said: (message: string) => until(() => messages.includes(message)), messages };
}

/** A file in a folder of its own that is replaced at once, as careful programs do. */
function replaceable(text: string) {
  const folder = emptyFolder();
  const path = join(folder, "file");
  writeFileSync(path, text);
  return {
    path,
    write: (next: string) => writeFileSync(path, next),
    replace(next: string) {
      writeFileSync(join(folder, "aside"), next);
      renameSync(join(folder, "aside"), path);
    },
  };
}

const publish = async (url: string, key: string) =>
  (await post(`${url}/publish`, { type: "a", data: 1 }, bearer(key))).status;

const KEYS = "keys loaded again";
const NOT_LOADED = "keys not loaded again, what was in force stays";

test("key files are followed: a new key is good, and a withdrawn one ends all that rests on it", async () => {
  const file = replaceable("first-key-of-a-publisher\nsecond-key-of-a-publisher\n");
  const admin = replaceable("first-key-of-an-admin\n");
  const { logger, said } = recorder();
  const flags = ["--publish-key-file", file.path, "--admin-key-file", admin.path];
  const { url, broker } = await startConfigured(flags, logger);
  // One that nobody holds would be collected, and so end.
  const streams: Response[] = [];
  const open = async (key?: string) => {
    const stream = await fetch(`${url}/events`, { headers: key === undefined ? {} : bearer(key) });
    streams.push(stream);
    return stream;
  };
  const withdrawn = await open("first-key-of-a-publisher");
  await open("second-key-of-a-publisher");
  const feed = await fetch(`${url}/console/feed`, { headers: bearer("first-key-of-an-admin") });
  await open();
  await until(() => broker.clientCount === 3);

  file.replace("second-key-of-a-publisher\nthird-key-of-a-publisher\n");
  await said(KEYS);
  expect(await publish(url, "first-key-of-a-publisher")).toBe(401);
  expect(await publish(url, "third-key-of-a-publisher")).toBe(200);
  await withdrawn.text();
  expect(broker.clientCount).toBe(2);
  admin.replace("second-key-of-an-admin\n");
  await feed.text();
  expect((await fetch(`${url}/metrics`, { headers: bearer("second-key-of-an-admin") })).status).toBe(200);
  expect(broker.clientCount).toBe(2);
  expect(streams).toHaveLength(3);
});

test("a publisher's stream ends with its key", async () => {
  const file = replaceable("first-key-of-a-publisher\n");
  const { logger, said } = recorder();
  const { url } = await startConfigured(["--publish-key-file", file.path], logger);
  let send: (line: string) => void = () => {};
  const body = new ReadableStream({
    start(controller) {
      send = (line) => controller.enqueue(new TextEncoder().encode(line));
    },
  });
  const headers = { ...bearer("first-key-of-a-publisher"), "content-type": "application/x-ndjson" };
  send('{"type":"a","data":1}\n');
  const answers = (await fetch(`${url}/publish/stream`, { method: "POST", headers, body })).body?.getReader();
  const next = async () => JSON.parse(new TextDecoder().decode((await answers?.read())?.value));
  expect(await next()).toHaveProperty("id");
  file.replace("second-key-of-a-publisher\n");
  await said(KEYS);
  send('{"type":"a","data":2}\n');
  expect(await next()).toMatchObject({ status: 401, detail: "the key has been withdrawn", line: 2 });
  expect((await answers?.read())?.done).toBe(true);
});

test("a broken file leaves the old keys in force, and says so", async () => {
  const file = replaceable("first-key-of-a-publisher\n");
  const { logger, said, messages } = recorder();
  const server = await startConfigured(["--publish-key-file", file.path], logger);
  for (const broken of ["", "# no key\n", "a key with spaces\n"]) {
    file.replace(broken);
    await said(NOT_LOADED);
    messages.length = 0;
    expect(await publish(server.url, "first-key-of-a-publisher")).toBe(200);
  }
  // Told to, it looks at once.
  await server.reload();
  expect(messages).toEqual([NOT_LOADED]);
  file.write("second-key-of-a-publisher\n");
  await server.reload();
  expect(await publish(server.url, "second-key-of-a-publisher")).toBe(200);
  expect(await publish(server.url, "first-key-of-a-publisher")).toBe(401);
});

function keyPair(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    jwk: { ...publicKey.export({ format: "jwk" }), kid } as JWK,
    sign: () =>
      new SignJWT({ sub: kid, tidings: { subscribe: ["*"], publish: { topics: ["*"] } } })
        .setProtectedHeader({ alg: "EdDSA", kid })
        .sign(privateKey),
  };
}

test("the file of the tokens' keys is followed: readers of a withdrawn key go, tickets too", async () => {
  const [old, both, fresh] = [keyPair("old"), keyPair("both"), keyPair("fresh")];
  const set = (...pairs: { jwk: JWK }[]) => JSON.stringify({ keys: pairs.map(({ jwk }) => jwk) });
  const file = replaceable(set(old, both));
  const { logger, said } = recorder();
  const { url, broker } = await startConfigured(["--private", "--jwt-key-file", file.path], logger);
  const open = async (pair: typeof old) => fetch(`${url}/events`, { headers: bearer(await pair.sign()) });
  const [gone, kept] = [await open(old), await open(both)];
  const ticketed = await post(`${url}/tickets`, undefined, bearer(await old.sign()));
  const { ticket } = (await ticketed.json()) as { ticket: string };
  await until(() => broker.clientCount === 2);
  expect((await open(fresh)).status).toBe(401);
  file.replace(set(both, fresh));
  await said(KEYS);
  await gone.text();
  expect(broker.clientCount).toBe(1);
  expect((await open(old)).status).toBe(401);
  expect((await fetch(`${url}/events?ticket=${ticket}`)).status).toBe(401);
  expect((await open(fresh)).status).toBe(200);
  // A key that was private by mistake is no key to verify with.
  file.replace('{"keys":[{"kty":"oct","k":"AAAA"}]}');
  await said(NOT_LOADED);
  expect((await open(both)).status).toBe(200);
  expect(kept.body?.locked).toBe(false);
});

test("readers whose key is no longer published at the URL go at the next look, which one can ask for", async () => {
  const [old, fresh] = [keyPair("old"), keyPair("fresh")];
  let published = [old.jwk];
  const issuer = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.json({ keys: published }),
  });
  defer(() => issuer.stop(true));
  const { url, broker, reload } = await startConfigured(["--jwks-url", `${issuer.url.href}jwks.json`]);
  const open = async (pair: typeof old) => fetch(`${url}/events`, { headers: bearer(await pair.sign()) });
  const reader = await open(old);
  await until(() => broker.clientCount === 1);
  published = [old.jwk, fresh.jwk];
  await reload();
  expect((await open(fresh)).status).toBe(200);
  published = [fresh.jwk];
  await reload();
  await reader.text();
  expect((await open(old)).status).toBe(401);
  expect(broker.totals.removed.removed + broker.totals.removed.expired).toBe(1);
});
