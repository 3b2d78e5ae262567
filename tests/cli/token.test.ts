import { describe, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, UnsecuredJWT } from "jose";
import { newFile } from "../folder.ts";
import { post, SECRET, startKeyedHub } from "../http/keyed-hub.ts";
import { run } from "./tidings.ts";

const pem = (key: KeyObject) =>
  key.export({ format: "pem", type: key.type === "public" ? "spki" : "pkcs8" }).toString();

const sign = async (...args: string[]) => {
  const { code, output, errors } = await run(["token", ...args], { env: { TIDINGS_JWT_KEY: SECRET } });
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(output).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return output.trim();
};

describe("signing", () => {
  test("gives a token that the hub takes, with what it grants", async () => {
    const { url } = startKeyedHub();
    const token = await sign("--publish", "orders/*", "--type", "order-created", "--subject", "alice");
    const event = { type: "order-created", data: 1, topics: ["orders/1"] };
    expect((await post(`${url}/publish`, event, token)).status).toBe(200);
    expect((await post(`${url}/publish`, { ...event, type: "other" }, token)).status).toBe(403);
  });

  test("says all that was asked for, and no more", async () => {
    const before = Math.floor(Date.now() / 1000);
    const token = await sign(
      ...["--publish", "a", "--publish", "b/*", "--subscribe", "c", "--expires", "15m"],
      ...["--jwt-issuer", "me", "--jwt-audience", "hub"],
    );
    const { iat = 0, ...payload } = decodeJwt(token);
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(Math.abs((payload.exp ?? 0) - iat - 900)).toBeLessThanOrEqual(1);
    expect(payload).toEqual({
      tidings: { publish: { topics: ["a", "b/*"] }, subscribe: ["c"] },
      iss: "me",
      aud: "hub",
      exp: payload.exp as number,
    });
  });

  test("grants to know who reads, no more than it grants to read", async () => {
    const token = await sign("--subscribe", "rooms/*", "--presence", "rooms/7");
    expect(decodeJwt(token)).toMatchObject({ tidings: { subscribe: ["rooms/*"], presence: ["rooms/7"] } });
    const { output } = await run(["token", "--inspect", token]);
    expect(output).toMatch(/^knows +who reads on rooms\/7, as far as/m);
    const refused = await run(["token", "--subscribe", "a", "--presence", "*"], {
      env: { TIDINGS_JWT_KEY: SECRET },
    });
    expect([refused.code, refused.errors]).toEqual([2, expect.stringContaining("--presence is for topics")]);
  });

  test("is for an hour, unless it is told otherwise", async () => {
    const { iat = 0, exp = 0 } = decodeJwt(await sign("--subscribe", "*"));
    expect(Math.abs(exp - iat - 3600)).toBeLessThanOrEqual(1);
    expect(decodeJwt(await sign("--subscribe", "*", "--expires", "0"))).not.toHaveProperty("exp");
  });

  test.each([
    ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["EdDSA", generateKeyPairSync("ed25519")],
  ] as const)("takes a private key for %s, and inspecting either half", async (algorithm, pair) => {
    const secret = await newFile(`${algorithm}.pem`, pem(pair.privateKey));
    const open = await newFile(`${algorithm}.pub`, pem(pair.publicKey));
    const { output } = await run(["token", "--jwt-key-file", secret, "--subscribe", "*"]);
    expect(decodeProtectedHeader(output.trim())).toEqual({ alg: algorithm, typ: "JWT" });
    for (const file of [secret, open]) {
      const inspected = await run(["token", "--jwt-key-file", file, "--inspect", "-"], { input: output });
      expect(inspected).toMatchObject({ code: 0, output: expect.stringContaining("takes it") });
    }
  });

  test("names the key of a JWK", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const jwk = await newFile(
      "a.jwk",
      JSON.stringify({ ...privateKey.export({ format: "jwk" }), kid: "2026" }),
    );
    const { output } = await run(["token", "--jwt-key-file", jwk, "--subscribe", "*"]);
    expect(decodeProtectedHeader(output.trim())).toMatchObject({ kid: "2026" });
  });
});

describe("inspecting", () => {
  const inspect = async (token: string, env: Record<string, string> = {}) => {
    const { code, output } = await run(["token", "--inspect", token], { env });
    const lines = output.trimEnd().split("\n");
    return {
      code,
      said: Object.fromEntries(lines.map((line) => line.split(/ {2,}/))) as Record<string, string>,
    };
  };

  test("says in words what a token grants, to whom and until when", async () => {
    const token = await sign(
      "--publish",
      "orders/*",
      "--type",
      "order-*",
      "--subscribe",
      "a",
      "--subject",
      "al",
    );
    const { code, said } = await inspect(token);
    expect(code).toBe(0);
    expect(said).toMatchObject({
      "signed with": "HS256",
      for: "al",
      publishes: "events of type order-* on orders/*",
      reads: "public events, and private ones on a",
      expires: expect.stringMatching(/^20\S+Z, in 59 minutes$/),
      signature: expect.stringContaining("not checked"),
    });
  });

  test("checks the signature with a key", async () => {
    const token = await sign("--subscribe", "*");
    expect(await inspect(token, { TIDINGS_JWT_KEY: SECRET })).toMatchObject({
      code: 0,
      said: { "a hub": "with this key takes it" },
    });
    expect(await inspect(token, { TIDINGS_JWT_KEY: "x".repeat(32) })).toMatchObject({
      code: 1,
      said: { "a hub": "with this key refuses it: the token's signature is wrong" },
    });
    expect(await inspect(token, { TIDINGS_JWT_KEY: SECRET, TIDINGS_JWT_ISSUER: "other" })).toMatchObject({
      code: 1,
      said: { "a hub": expect.stringContaining("the token's claim iss") },
    });
  });

  test("tells an expired one, and one that grants nothing", async () => {
    const old = new UnsecuredJWT({ exp: 1_700_000_000, scope: "publish" }).encode();
    const { said } = await inspect(`${old}c2ln`);
    expect(said["expired"]).toMatch(/^2023-11-14T22:13:20.000Z, [\d,]+ days ago$/);
    expect(said["grants"]).toBe("nothing, since it has no claim tidings");
    const misspelt = new UnsecuredJWT({ tidings: { publsh: {} } }).encode();
    expect((await inspect(`${misspelt}c2ln`)).said["grants"]).toContain("/tidings/publsh");
  });

  test("shows no control characters of a token", async () => {
    const token = new UnsecuredJWT({ sub: "\u001b[2J" }).encode();
    expect((await run(["token", "--inspect", `${token}c2ln`])).output).not.toContain("\u001b");
  });
});

test.each<[string, string[], Record<string, string>]>([
  ["no key", ["--publish", "a"], {}],
  ["a short secret", ["--publish", "a"], { TIDINGS_JWT_KEY: "tell-nobody" }],
  ["an empty one", ["--publish", "a"], { TIDINGS_JWT_KEY: "" }],
  ["two keys", ["--publish", "a", "--jwt-key-file", "x"], { TIDINGS_JWT_KEY: SECRET }],
  ["no such file", ["--publish", "a", "--jwt-key-file", "/nowhere/key"], {}],
  ["nothing granted", [], { TIDINGS_JWT_KEY: SECRET }],
  ["a type without a topic", ["--subscribe", "a", "--type", "t"], { TIDINGS_JWT_KEY: SECRET }],
  ["a time that is none", ["--publish", "a", "--expires", "soon"], { TIDINGS_JWT_KEY: SECRET }],
  ["a time without end", ["--publish", "a", "--expires", "99999999d"], { TIDINGS_JWT_KEY: SECRET }],
  ["no token", ["--inspect", "nonsense"], {}],
])("%s is one line and exit code 2", async (_, args, env) => {
  const { code, output, errors } = await run(["token", ...args], { env });
  expect({ code, output }).toEqual({ code: 2, output: "" });
  expect(errors).toMatch(/^tidings: [^\n]+\n$/);
  expect(errors).not.toContain("tell-nobody");
});
