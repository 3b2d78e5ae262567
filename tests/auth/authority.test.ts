import { expect, setSystemTime, test } from "bun:test";
import fc from "fast-check";
import { SignJWT } from "jose";
import { Authority } from "../../src/auth/authority.ts";
import { mayPublish } from "../../src/auth/grant.ts";
import { readVerifyingKey } from "../../src/auth/read-key.ts";
import { InvalidToken } from "../../src/auth/tokens.ts";
import { defer } from "../defer.ts";

const SECRET = "a secret of more than thirty-two bytes";
const tokens = readVerifyingKey(SECRET);

function sign(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
}

const name = fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), minLength: 1, maxLength: 4 });
const claims = fc.record(
  {
    publish: fc.record(
      { topics: fc.array(name, { maxLength: 3 }), types: fc.array(name, { maxLength: 2 }) },
      { requiredKeys: ["topics"] },
    ),
    subscribe: fc.array(name, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

test("a token grants what its claim says, in a public and in a private hub", async () => {
  await fc.assert(
    fc.asyncProperty(claims, fc.boolean(), fc.option(name), async (tidings, hidden, subject) => {
      const authority = new Authority({ tokens, private: hidden });
      const token = await sign({ tidings, ...(subject !== null && { sub: subject }) });
      const grant = await authority.grant(token);
      expect(grant).toEqual({
        subject: subject ?? undefined,
        account: subject === null ? undefined : `token ${JSON.stringify([null, subject])}`,
        credential: { kind: "token-key", name: expect.any(String), withdrawn: expect.any(AbortSignal) },
        publish: tidings.publish,
        subscribe: hidden ? (tidings.subscribe ?? []) : ["*"],
        privateTopics: tidings.subscribe ?? [],
        expires: undefined,
      });
      // Known from the first time.
      expect(authority.grant(token)).toBe(grant);
    }),
    { numRuns: 200 },
  );
});

test.each<[unknown]>([
  ["*"],
  [["*"]],
  [{ publish: "*" }],
  [{ publish: ["*"] }],
  [{ publish: {} }],
  [{ publish: { topics: "*" } }],
  [{ publish: { topics: ["*"], type: ["a"] } }],
  [{ subscribe: "*" }],
  [{ subscribe: [""] }],
  [{ subscribe: [1] }],
  [{ subscribe: { topics: ["*"] } }],
  [{ admin: true }],
])("a claim that is made otherwise is refused, not guessed at: %j", async (tidings) => {
  const authority = new Authority({ tokens });
  await expect(Promise.resolve(authority.grant(await sign({ tidings })))).rejects.toThrow("/tidings");
});

test("a token without the claim grants nothing", async () => {
  const grant = await new Authority({ tokens, private: true }).grant(await sign({ sub: "a", mercure: {} }));
  expect(mayPublish(grant, { type: "a", topics: ["b"] })).toBe(false);
  expect(grant.subscribe).toEqual([]);
  expect(grant.admin).toBeFalsy();
});

test("an expired token is refused although it was known", async () => {
  const authority = new Authority({ tokens });
  const exp = Math.floor(Date.now() / 1000) + 60;
  const token = await sign({ exp, tidings: { subscribe: ["*"] } });
  // As long as it is taken: clocks differ.
  const end = exp * 1000 + 5000;
  expect(await authority.grant(token)).toHaveProperty("expires", end);
  defer(() => setSystemTime());
  setSystemTime(end);
  await expect(Promise.resolve(authority.grant(token))).rejects.toThrow("expired");
});

test("only whole keys count", () => {
  const keys = ["first-key-of-a-publisher", "second-key-of-a-publisher"];
  const authority = new Authority({ publishKeys: keys });
  const letters = fc.constantFrom(...new Set(keys.join("")));
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...keys), fc.string({ unit: letters, maxLength: 30 })), (text) => {
      const known = keys.includes(text);
      let grant: unknown;
      try {
        grant = authority.grant(text);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidToken);
      }
      // Anything else is looked into as a token, of which there are none here.
      if (grant instanceof Promise) grant.catch(() => {});
      expect(grant !== undefined && !(grant instanceof Promise)).toBe(known);
    }),
  );
});

test("keys have subjects that tell them apart, and tell nothing else", async () => {
  const key = "first-key-of-a-publisher";
  const authority = new Authority({
    publishKeys: [key, "second-key-of-a-publisher"],
    adminKeys: ["admin-key"],
  });
  const { subject } = await authority.grant(key);
  expect(subject).toMatch(/^key:[0-9a-f]{8}$/);
  expect((await authority.grant("second-key-of-a-publisher")).subject).not.toBe(subject);
  expect((await authority.grant("admin-key")).admin).toBe(true);
});

test("no token can be made to have a key's account, or another issuer's", async () => {
  const authority = new Authority({
    publishKeys: ["a-key-of-a-publisher"],
    adminKeys: ["admin-key"],
    tokens,
  });
  const { account: key, subject = "" } = await authority.grant("a-key-of-a-publisher");
  const { account: admin } = await authority.grant("admin-key");
  const tokensOf = [{ sub: subject }, { sub: "admin" }, { sub: key }, { sub: admin }, { sub: "a", iss: "b" }];
  const accounts = [key, admin];
  for (const claims of [...tokensOf, { sub: "a" }, { sub: "a", iss: "c" }]) {
    accounts.push((await authority.grant(await sign(claims))).account);
  }
  expect(accounts).not.toContain(undefined);
  expect(new Set(accounts).size).toBe(accounts.length);
});

test("replaced keys: what rests on one that is gone ends, the rest stays", async () => {
  const keys = { publishKeys: ["publisher-1", "publisher-2"], adminKeys: ["admin-1"], tokens };
  const authority = new Authority(keys);
  const token = await sign({ sub: "a" });
  const withdrawn = new Map<string, AbortSignal | undefined>();
  for (const shown of ["publisher-1", "publisher-2", "admin-1", token]) {
    withdrawn.set(shown, (await authority.grant(shown)).credential?.withdrawn);
  }
  const ended = () => [...withdrawn].filter(([, signal]) => signal?.aborted).map(([shown]) => shown);
  authority.replaceKeys({ ...keys, publishKeys: ["publisher-2", "publisher-3"] });
  expect(ended()).toEqual(["publisher-1"]);
  await expect(Promise.resolve(authority.grant("publisher-1"))).rejects.toThrow(InvalidToken);
  expect((await authority.grant("publisher-2")).credential?.withdrawn).toBe(withdrawn.get("publisher-2"));
  expect(await authority.grant("publisher-3")).toHaveProperty("publish");

  // The same key once more, from a file that was read again, is no other key.
  authority.replaceKeys({ adminKeys: ["admin-2"], tokens: readVerifyingKey(SECRET) });
  expect(ended()).toEqual(["publisher-1", "publisher-2", "admin-1"]);
  expect(await authority.grant(token)).toHaveProperty("subject", "a");
  authority.replaceKeys({ tokens: readVerifyingKey("another secret of more than thirty-two bytes") });
  expect(ended()).toEqual([...withdrawn.keys()]);
  await expect(Promise.resolve(authority.grant(token))).rejects.toThrow(InvalidToken);
});
