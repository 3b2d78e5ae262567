import { expect, test } from "bun:test";
import { SignJWT } from "jose";
import { Authority } from "../../src/auth/authority.ts";
import { readVerifyingKey } from "../../src/auth/read-key.ts";
import type { TokenKey } from "../../src/auth/token-keys.ts";
import { KeysUnavailable } from "../../src/auth/tokens.ts";

const CLAIMS = { tidings: { publish: { topics: ["*"] }, subscribe: ["*"] } };
const secretOf = (name: string) => `the secret of ${name}, of more than 32 bytes`;

const key = (name: string, rules: Partial<TokenKey> = {}): TokenKey => ({
  ...readVerifyingKey(secretOf(name)),
  ...rules,
});

function sign(name: string, issuer?: string, expires = "1h"): Promise<string> {
  const token = new SignJWT(CLAIMS).setProtectedHeader({ alg: "HS256" }).setExpirationTime(expires);
  if (issuer !== undefined) token.setIssuer(issuer);
  return token.sign(new TextEncoder().encode(secretOf(name)));
}

/** What the token grants, or why it grants nothing. */
async function granted(keys: readonly TokenKey[], token: string): Promise<string> {
  try {
    const { publish, subscribe } = await new Authority({ tokens: keys, private: true }).grant(token);
    return [publish && "publish", subscribe.length > 0 && "subscribe"].filter(Boolean).join(" ");
  } catch (error) {
    return String(error).replace(/^\w+: /, "");
  }
}

test("the tokens of an issuer are good with its own keys alone", async () => {
  const keys = [key("a", { issuer: "a" }), key("b", { issuer: "b" }), key("other")];
  expect(await granted(keys, await sign("a", "a"))).toBe("publish subscribe");
  expect(await granted(keys, await sign("b", "b"))).toBe("publish subscribe");
  expect(await granted(keys, await sign("other"))).toBe("publish subscribe");
  expect(await granted(keys, await sign("other", "somebody"))).toBe("publish subscribe");
  for (const [signer, issuer] of [
    ["a", "b"],
    ["b", "a"],
    ["other", "a"],
    ["a", undefined],
    ["a", "somebody"],
  ] as const) {
    expect([signer, issuer, await granted(keys, await sign(signer, issuer))]).toEqual([
      signer,
      issuer,
      "the token's signature is wrong",
    ]);
  }
});

test("a token of nobody's issuer is told so", async () => {
  expect(await granted([key("a", { issuer: "a" })], await sign("a", "b"))).toBe(
    "the token's claim iss is not what this hub expects",
  );
});

test("an issuer may have several keys, and each key grants what it is for", async () => {
  const keys = [key("p", { grants: ["publish"] }), key("s", { grants: ["subscribe"] }), key("both")];
  expect(await granted(keys, await sign("p"))).toBe("publish");
  expect(await granted(keys, await sign("s"))).toBe("subscribe");
  expect(await granted(keys, await sign("both"))).toBe("publish subscribe");
  const same = [key("p", { grants: ["publish"] }), key("p", { grants: ["subscribe"] })];
  expect(await granted(same, await sign("p"))).toBe("publish subscribe");
});

test("the reason is that of the key that signed", async () => {
  const keys = [key("a"), key("b"), key("c")];
  expect(await granted(keys, await sign("b", undefined, "-1h"))).toBe("the token has expired");
  expect(await granted(keys, await sign("d"))).toBe("the token's signature is wrong");
  expect(await granted(keys, "a.b.c")).toBe("the token is malformed");
});

test("while the keys of one issuer are away, the others' tokens are good", async () => {
  const away: TokenKey = {
    algorithms: ["HS256"],
    find: () => Promise.reject(new Error("away")),
    holds: () => true,
    issuer: "a",
  };
  const authority = new Authority({ tokens: [away, key("b", { issuer: "b" })] });
  expect(await authority.grant(await sign("b", "b"))).toMatchObject({ publish: { topics: ["*"] } });
  await expect(authority.grant(await sign("a", "a"))).rejects.toThrow(KeysUnavailable);
});

test("a key that is withdrawn ends what it granted, and nothing else", async () => {
  const authority = new Authority({ tokens: [key("a"), key("b")] });
  const [a, b] = await Promise.all([authority.grant(await sign("a")), authority.grant(await sign("b"))]);
  authority.replaceKeys({ tokens: [key("b")] });
  expect([a.credential?.withdrawn.aborted, b.credential?.withdrawn.aborted]).toEqual([true, false]);
});
