import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { dirname, join } from "node:path";
import { SignJWT } from "jose";
import { newFile } from "../folder.ts";
import { bearer, post } from "../http/keyed-hub.ts";
import { until } from "../until.ts";
import { run, start } from "./tidings.ts";

const SECRET = "tell-nobody-tell-nobody-tell-nobody";

/** Starts a hub, and gives the port at which it says to listen. */
async function serve(args: string[], env: Record<string, string> = {}): Promise<string> {
  const hub = start(["serve", "--port", "0", ...args], env);
  const [, port] = /on http:\/\/.*?:(\d+)(,|$)/.exec((await hub.line()) ?? "") ?? [];
  if (port === undefined) throw new Error(`did not start: ${await hub.errorLine()}`);
  return `http://127.0.0.1:${port}`;
}

const event = { type: "a", data: 1 };

test.each<[string, string[], Record<string, string>]>([
  ["no key beyond loopback", ["--host", "0.0.0.0"], {}],
  ["no key beyond loopback over IPv6", ["--host", "::"], {}],
  ["a name that is not loopback's", ["--host", "localhost.example"], {}],
  ["a switch that is off", ["--host", "0.0.0.0"], { TIDINGS_OPEN: "false" }],
  ["a switch that says neither", [], { TIDINGS_OPEN: "perhaps" }],
  ["a key left empty", [], { TIDINGS_PUBLISH_KEY: "" }],
  ["an administrator's key of spaces", [], { TIDINGS_ADMIN_KEY: "  " }],
  ["a key that no header can carry", ["--publish-key", "töll-nobody"], {}],
  ["a key file that is not there", ["--publish-key-file", "/nowhere/keys"], {}],
  ["a secret that is too short", [], { TIDINGS_JWT_KEY: "tell-nobody" }],
  ["two ways to check tokens", ["--jwks-url", "https://a.example"], { TIDINGS_JWT_KEY: SECRET }],
  ["an address of keys that is none", ["--jwks-url", "file:///etc/passwd"], {}],
  ["an issuer without tokens", ["--jwt-issuer", "me"], {}],
  ["issuers and a key", ["--issuers-file", "issuers.json"], { TIDINGS_JWT_KEY: SECRET }],
  ["issuers and one issuer more", ["--issuers-file", "issuers.json", "--jwt-issuer", "me"], {}],
  ["a file of issuers that is not there", ["--issuers-file", "/nowhere/issuers.json"], {}],
  ["a cookie that can't be one", ["--mercure-cookie", "a b"], {}],
  ["replicas without a Redis", ["--replicas", "1"], {}],
  ["a private hub that nobody can read", ["--private", "--publish-key", "k"], {}],
  ["an origin that is none", ["--cors-origin", "example.org"], {}],
  ["an origin with a path", ["--cors-origin", "https://example.org/app"], {}],
  ["the origin of sandboxed pages", ["--cors-origin", "null"], {}],
  ["a star that is no whole subdomain", ["--cors-origin", "https://a*.example.org"], {}],
  ["every subdomain of a domain that is not one's own", ["--cors-origin", "https://*.org"], {}],
  ["every origin and one more", ["--cors-origin", "*", "--cors-origin", "https://example.org"], {}],
  ["a host with a port", ["--allowed-host", "example.org:80"], {}],
])("%s is one line and exit code 2", async (_, args, env) => {
  const { code, output, errors } = await run(["serve", "--port", "0", ...args], { env });
  expect({ code, output }).toEqual({ code: 2, output: "" });
  expect(errors).toMatch(/^tidings: [^\n]+\n$/);
  expect(errors).not.toContain("tell-nobody");
});

test("a file without keys, or with a private key, is refused", async () => {
  const none = await newFile("none", "# not yet\n\n");
  expect(await run(["serve", "--publish-key-file", none])).toMatchObject({ code: 2 });
  const { privateKey } = generateKeyPairSync("ed25519");
  const key = await newFile("key.pem", privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  const { code, errors } = await run(["serve", "--jwt-key-file", key]);
  expect(code).toBe(2);
  expect(errors).toContain(`${key} holds a private key`);
});

test("keys come from flags, variables and files alike", async () => {
  const file = await newFile("keys", "# of the shop\nkey-of-the-shop-0001\n\n  key-of-the-shop-0002\r\n");
  const url = await serve(["--publish-key", "key-by-flag-0000001", "--publish-key", "key-by-flag-0000002"], {
    TIDINGS_PUBLISH_KEY_FILE: file,
    TIDINGS_ADMIN_KEY: "key-by-variable-01 key-by-variable-02",
  });
  for (const key of [
    "key-by-flag-0000001",
    "key-by-flag-0000002",
    "key-of-the-shop-0001",
    "key-of-the-shop-0002",
  ]) {
    expect((await post(`${url}/publish`, event, key)).status).toBe(200);
  }
  for (const key of ["# of the shop", "key-by-variable-01 key-by-variable-02", "key-of-the-shop-0003"]) {
    expect((await post(`${url}/publish`, event, key)).status).toBe(401);
  }
  const clients = await fetch(`${url}/clients`, { headers: bearer("key-by-variable-02") });
  expect(clients.status).toBe(200);
});

test("a hub without keys is open on loopback, and elsewhere with --open", async () => {
  const url = await serve([]);
  expect((await post(`${url}/publish`, event)).status).toBe(200);
  const open = await serve(["--host", "0.0.0.0", "--open"]);
  expect((await post(`${open}/publish`, event)).status).toBe(200);
});

test("any key closes publishing and administration", async () => {
  for (const flag of ["--publish-key", "--admin-key"]) {
    const url = await serve([flag, "key-of-any-kind-01", "--host", "0.0.0.0"]);
    expect((await post(`${url}/publish`, event)).status).toBe(401);
    expect((await fetch(`${url}/clients`)).status).toBe(401);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
  }
});

test("no page gets at an open hub by another name or from another origin", async () => {
  const url = await serve([], {
    TIDINGS_ALLOWED_HOST: "hub.example.org",
    TIDINGS_CORS_ORIGIN: "https://a.example",
  });
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${url}/status`, { headers })).status;
  expect(await status({ host: "evil.example" })).toBe(421);
  expect(await status({ host: "hub.example.org" })).toBe(200);
  expect(await status({ origin: "https://evil.example" })).toBe(403);
  expect(await status({ origin: "https://a.example" })).toBe(200);
  const form = await fetch(`${url}/publish`, {
    method: "POST",
    headers: { "content-type": "text/plain", origin: "https://evil.example" },
    body: JSON.stringify(event),
  });
  expect(form.status).toBe(403);
});

test("a hub with keys, on the network, goes by any name until it is told its own", async () => {
  const status = async (url: string) =>
    (await fetch(`${url}/status`, { headers: { host: "hub.internal" } })).status;
  const args = ["--publish-key", "key-of-any-kind-01", "--host", "0.0.0.0"];
  expect(await status(await serve(args))).toBe(200);
  expect(await status(await serve([...args, "--allowed-host", "hub.example.org"]))).toBe(421);
  expect(await status(await serve(["--host", "0.0.0.0", "--open"]))).toBe(421);
});

test.each([
  ["[", "it is not JSON"],
  ["[]", "the file: Expected array length"],
  [{ issuer: "a", key: SECRET }, "the file: Expected array"],
  [[{ issuer: "a" }], "/0: give one of key, key_file and jwks_url"],
  [[{ key: SECRET, jwks_url: "https://a.example" }], "/0: give one of key, key_file and jwks_url"],
  [[{ key: SECRET }, { key: "tell-nobody" }], "/1 is a secret of 11 bytes"],
  [[{ key: SECRET, isuer: "a" }], "/0/isuer: unknown; did you mean issuer?"],
  [[{ key: SECRET, grants: "read" }], '/0/grants: Expected "publish" or "subscribe"'],
  [[{ jwks_url: "file:///etc/passwd" }], "/0: jwks_url is no URL of http or https"],
  [[{ key_file: "nowhere.pem" }], "there is no such file"],
])("a file of issuers %j is refused in one line", async (issuers, reason) => {
  const file = await newFile("issuers.json", typeof issuers === "string" ? issuers : JSON.stringify(issuers));
  const { code, errors } = await run(["serve", "--port", "0", "--issuers-file", file]);
  expect([code, errors.split("\n").length]).toEqual([2, 2]);
  expect(errors).toContain(reason);
  expect(errors).not.toContain("tell-nobody");
});

test("two issuers, a key to publish with and a key to read with; a file of a key is followed", async () => {
  const keyFile = await newFile("a.secret", SECRET);
  const [forPublishers, forReaders, next] = ["publish", "subscribe", "next"].map((name) => name.repeat(8));
  const issuers = [
    { issuer: "https://a.example", key_file: "a.secret" },
    { key: forPublishers, grants: "publish" },
    { key: forReaders, grants: "subscribe" },
  ];
  const file = join(dirname(keyFile), "issuers.json");
  await Bun.write(file, JSON.stringify(issuers));
  const url = await serve(["--private", "--issuers-file", file]);
  const token = (secret = "", issuer?: string) => {
    const given = new SignJWT({ tidings: { publish: { topics: ["*"] }, subscribe: ["*"] } });
    if (issuer) given.setIssuer(issuer);
    return given.setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
  };
  const answers = async (signed: Promise<string>) => {
    const headers = bearer(await signed);
    const published = await post(`${url}/publish`, event, await signed);
    const read = await fetch(`${url}/history`, { headers });
    return [published.status, read.status];
  };
  expect(await answers(token(SECRET, "https://a.example"))).toEqual([200, 200]);
  expect(await answers(token(forPublishers))).toEqual([200, 403]);
  expect(await answers(token(forReaders))).toEqual([403, 200]);
  expect(await answers(token(forPublishers, "https://a.example"))).toEqual([401, 401]);
  expect(await answers(token(SECRET))).toEqual([401, 401]);
  await Bun.write(keyFile, next ?? "");
  await until(async () => (await answers(token(next, "https://a.example")))[0] === 200);
  expect(await answers(token(SECRET, "https://a.example"))).toEqual([401, 401]);
});
