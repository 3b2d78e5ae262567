import { expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { readSigningKey, readVerifyingKey } from "../../src/auth/read-key.ts";
import { KeyError } from "../../src/auth/verifying-key.ts";

const pem = (key: KeyObject) =>
  key.export({ format: "pem", type: key.type === "public" ? "spki" : "pkcs8" }).toString();

test("a secret is 32 bytes at least, its line end not among them", () => {
  expect(() => readVerifyingKey("x".repeat(31))).toThrow(KeyError);
  expect(() => readVerifyingKey(`${"x".repeat(31)}\n`)).toThrow(KeyError);
  expect(readVerifyingKey("x".repeat(32)).algorithms).toEqual(["HS256"]);
  expect(readVerifyingKey("é".repeat(16)).algorithms).toEqual(["HS256"]);
  expect(readSigningKey(`${"x".repeat(32)}\r\n`).key).toEqual(new TextEncoder().encode("x".repeat(32)));
});

test("the hub takes no private keys", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = privateKey.export({ format: "jwk" });
  for (const text of [pem(privateKey), JSON.stringify(jwk), JSON.stringify({ keys: [jwk] })]) {
    expect(() => readVerifyingKey(text)).toThrow("private key");
  }
  expect(() => readVerifyingKey('{"keys":[{"kty":"oct","k":"AAAA"}]}')).toThrow("private key");
});

test("only a private key signs", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  expect(() => readSigningKey(pem(publicKey))).toThrow(KeyError);
  expect(() => readSigningKey(JSON.stringify(publicKey.export({ format: "jwk" })))).toThrow(KeyError);
});

test("keys too weak, and keys for something else, are refused", () => {
  const keys = [
    generateKeyPairSync("rsa", { modulusLength: 1024 }),
    generateKeyPairSync("ec", { namedCurve: "P-384" }),
    generateKeyPairSync("x25519"),
  ];
  for (const { publicKey, privateKey } of keys) {
    expect(() => readVerifyingKey(pem(publicKey))).toThrow(KeyError);
    expect(() => readSigningKey(pem(privateKey))).toThrow(KeyError);
  }
});

test("a refusal never repeats the key", () => {
  const secret = "tell-nobody";
  for (const text of [
    secret,
    `{"kty":"${secret}"}`,
    `{"kty":"EC","d":"${secret}"}`,
    `{${secret}`,
    `-----BEGIN PUBLIC KEY-----\n${secret}\n-----END PUBLIC KEY-----`,
    `-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----`,
    `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
  ]) {
    for (const read of [readVerifyingKey, readSigningKey]) {
      let message = "";
      try {
        read(text);
      } catch (error) {
        expect(error).toBeInstanceOf(KeyError);
        message = String(error);
      }
      expect(message).not.toBe("");
      expect(message).not.toContain(secret);
    }
  }
});

test("whatever the text, it is a key or a KeyError", () => {
  const texts = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.json(),
    fc
      .record({
        kty: fc.constantFrom("oct", "RSA", "EC", "OKP"),
        k: fc.string(),
        x: fc.string(),
        crv: fc.string(),
      })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        readVerifyingKey(text);
      } catch (error) {
        expect(error).toBeInstanceOf(KeyError);
      }
    }),
    { numRuns: 500 },
  );
});
