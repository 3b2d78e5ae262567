import { describe, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { base64url, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { readSigningKey, readVerifyingKey } from "../../src/auth/read-key.ts";
import { InvalidToken, type TokenRules, verifyToken } from "../../src/auth/tokens.ts";

const SECRET = "a secret of more than thirty-two bytes";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed25519 = generateKeyPairSync("ed25519");
const pem = (key: KeyObject) =>
  key.export({ format: "pem", type: key.type === "public" ? "spki" : "pkcs8" }).toString();
const jwk = (key: KeyObject, more = {}) => JSON.stringify({ ...key.export({ format: "jwk" }), ...more });

const kinds: readonly [algorithm: string, signing: string, verifying: string][] = [
  ["HS256", SECRET, SECRET],
  ["HS256", JSON.stringify({ kty: "oct", k: base64url.encode(SECRET) }), SECRET],
  ["RS256", pem(rsa.privateKey), pem(rsa.publicKey)],
  ["RS256", jwk(rsa.privateKey), jwk(rsa.publicKey)],
  ["ES256", pem(p256.privateKey), pem(p256.publicKey)],
  ["ES256", jwk(p256.privateKey), jwk(p256.publicKey)],
  ["EdDSA", pem(ed25519.privateKey), pem(ed25519.publicKey)],
  ["EdDSA", jwk(ed25519.privateKey), jwk(ed25519.publicKey)],
];

function sign(signing: string, payload: JWTPayload = { sub: "a" }): Promise<string> {
  const { algorithm, key } = readSigningKey(signing);
  return new SignJWT(payload).setProtectedHeader({ alg: algorithm }).sign(key);
}

const verify = async (token: string, verifying: string, rules?: TokenRules) =>
  (await verifyToken(token, readVerifyingKey(verifying), rules)).payload;
const refused = (token: string, verifying: string, rules?: TokenRules) =>
  expect(verify(token, verifying, rules)).rejects.toThrow(InvalidToken);

const now = Math.floor(Date.now() / 1000);

describe.each(kinds)("%s", (algorithm, signing, verifying) => {
  test("is verified with the key's own algorithm", async () => {
    expect(readSigningKey(signing).algorithm).toBe(algorithm);
    expect(await verify(await sign(signing), verifying)).toEqual({ sub: "a" });
  });

  test("no changed token passes", async () => {
    const token = await sign(signing, { sub: "a", exp: now + 3600, tidings: { subscribe: ["a"] } });
    const key = readVerifyingKey(verifying);
    const ends = token.split(".").map((part) => part.length);
    // The last character of a part may carry bits that stand for nothing: another way to write the same.
    const [header = 0, claims = 0] = ends;
    const loose = new Set([header - 1, header + 1 + claims - 1, token.length - 1]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: token.length - 1 }).filter((at) => !loose.has(at)),
        fc.constantFrom(..."ABCXYZabcxyz0189-_.= "),
        fc.constantFrom("replace", "insert", "remove"),
        async (at, character, how) => {
          const changed =
            token.slice(0, at) +
            (how === "remove" ? "" : character) +
            token.slice(how === "insert" ? at : at + 1);
          fc.pre(changed !== token);
          await expect(verifyToken(changed, key)).rejects.toThrow(InvalidToken);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("no other claims go with its signature, and no other algorithm", async () => {
    const token = await sign(signing);
    const [header, , signature] = token.split(".");
    const claims = base64url.encode(JSON.stringify({ sub: "admin" }));
    await refused(`${header}.${claims}.${signature}`, verifying);
    for (const alg of [
      "none",
      "None",
      "NONE",
      "",
      "HS256",
      "HS512",
      "RS256",
      "RS512",
      "PS256",
      "ES256",
      "ES384",
      "EdDSA",
    ]) {
      if (alg === algorithm) continue;
      const other = base64url.encode(JSON.stringify({ alg }));
      await refused(`${other}.${token.split(".")[1]}.${signature}`, verifying);
      await refused(`${other}.${claims}.`, verifying);
    }
  });

  test("tokens of every other key are refused", async () => {
    for (const [other, key] of kinds) {
      if (other !== algorithm) await refused(await sign(key), verifying);
    }
  });

  test("its time, issuer and audience are looked at", async () => {
    const rules = { issuer: "https://id.example", audience: "hub" };
    const good = { iss: "https://id.example", aud: ["other", "hub"], exp: now + 60, nbf: now - 60 };
    const signed = (change: JWTPayload) => sign(signing, { ...good, ...change });
    expect(await verify(await signed({}), verifying, rules)).toEqual(good);
    for (const change of [
      { exp: now - 60 },
      { exp: 0 },
      { nbf: now + 60 },
      { iss: "https://evil.example" },
      { aud: "other" },
      { aud: [] },
      { exp: "tomorrow" as never },
    ]) {
      await refused(await signed(change), verifying, rules);
    }
    await refused(await sign(signing, { exp: now + 60 }), verifying, rules);
  });
});

test("an issuer's clock may be some seconds ahead or behind, and no more", async () => {
  const signed = (payload: JWTPayload) => sign(SECRET, payload);
  const at = Math.floor(Date.now() / 1000);
  for (const payload of [{ nbf: at + 3 }, { iat: at + 3 }, { exp: at - 1 }]) {
    expect(await verify(await signed(payload), SECRET)).toEqual(payload);
  }
  await refused(await signed({ nbf: at + 3 }), SECRET, { leeway: 0 });
  await refused(await signed({ exp: at }), SECRET, { leeway: 0 });
  await refused(await signed({ nbf: at + 60 }), SECRET);
  expect(await verify(await signed({ nbf: at + 60 }), SECRET, { leeway: 90_000 })).toEqual({ nbf: at + 60 });
});

test("a token without a signature is refused", async () => {
  const token = new UnsecuredJWT({ sub: "admin" }).encode();
  for (const [, , verifying] of kinds) await refused(token, verifying);
});

test("a public key is never taken for a secret", async () => {
  for (const text of [
    pem(rsa.publicKey),
    `${pem(rsa.publicKey)}\n`,
    jwk(rsa.publicKey),
    pem(p256.publicKey),
  ]) {
    const forged = await new SignJWT({ sub: "admin" })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(text));
    await refused(forged, text.trim());
    await refused(forged, text);
  }
});

test("a key that the token brings itself counts for nothing", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const own = publicKey.export({ format: "jwk" });
  const forged = await new SignJWT({ sub: "admin" })
    .setProtectedHeader({
      alg: "ES256",
      jwk: own as never,
      jku: "https://evil.example/keys",
      kid: "../../dev/null",
    })
    .sign(privateKey);
  await refused(forged, pem(p256.publicKey));
  await refused(forged, JSON.stringify({ keys: [JSON.parse(jwk(p256.publicKey, { kid: "a" }))] }));
});

test("an extension that is not understood is refused", async () => {
  const token = await new SignJWT({ sub: "a" })
    .setProtectedHeader({ alg: "HS256", crit: ["x"], x: 1 })
    .sign(new TextEncoder().encode(SECRET), { crit: { x: true } });
  await refused(token, SECRET);
});

test("any text that is no token is refused", async () => {
  const key = readVerifyingKey(SECRET);
  const parts = fc.tuple(fc.base64String(), fc.base64String(), fc.base64String());
  const texts = fc.oneof(
    fc.string(),
    parts.map((three) => three.join(".")),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      await expect(verifyToken(text, key)).rejects.toThrow(InvalidToken);
    }),
    { numRuns: 500 },
  );
});

test("a set finds the key by its name, or by its kind where there is but one", async () => {
  const keys = [jwk(rsa.publicKey, { kid: "r" }), jwk(p256.publicKey, { kid: "e" }), jwk(ed25519.publicKey)];
  const set = `{"keys":[${keys.join(",")}]}`;
  for (const signing of [pem(rsa.privateKey), pem(p256.privateKey), pem(ed25519.privateKey)]) {
    expect(await verify(await sign(signing), set)).toEqual({ sub: "a" });
  }
  const { key } = readSigningKey(pem(p256.privateKey));
  const named = (kid: string) => new SignJWT({}).setProtectedHeader({ alg: "ES256", kid }).sign(key);
  expect(await verify(await named("e"), set)).toEqual({});
  await refused(await named("r"), set);
  await refused(await named("x"), set);
  await refused(await sign(SECRET), set);
});
