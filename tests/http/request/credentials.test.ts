import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import fc from "fast-check";
import { Authority, Broker, type Grant, keyAccess, readVerifyingKey, tidings } from "../../../src/index.ts";
import { ADMIN_KEY, PUBLISH_KEY, post, SECRET, sign, startKeyedHub } from "../keyed-hub.ts";

// What a header can hold: bytes, without those that end it.
const bytes = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 80,
  })
  .filter((text) => !text.includes("\x7f"));
const pieces = fc.constantFrom(
  ...[
    "Bearer ",
    "bearer",
    "Basic ",
    " ",
    ",",
    ";",
    "=",
    "%00",
    "%",
    ".",
    '"',
    "__Host-tidings",
    "__Host-tidings=",
  ],
  ...[
    PUBLISH_KEY.slice(0, 7),
    PUBLISH_KEY.slice(7),
    "eyJhbGciOiJub25lIn0",
    "e30",
    "null",
    "undefined",
    "__proto__",
  ],
);
const header = fc.oneof(
  bytes,
  fc.array(fc.oneof(pieces, bytes), { maxLength: 6 }).map((parts) => parts.join("")),
);

test("whatever stands for a credential, nothing but a key or a token publishes", async () => {
  const { url, broker } = startKeyedHub();
  const names = fc.constantFrom("authorization", "cookie");
  const inQuery = fc.dictionary(
    fc.constantFrom("ticket", "token", "access_token", "key", "authorization"),
    fc.string(),
  );
  const query = fc.oneof(fc.constant<Record<string, string>>({}), inQuery);
  await fc.assert(
    fc.asyncProperty(fc.dictionary(names, header), query, async (headers, query) => {
      // A whole key, put together by chance.
      fc.pre(!Object.values(headers).some((value) => value.includes(PUBLISH_KEY)));
      const response = await fetch(`${url}/publish?${new URLSearchParams(query)}`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: '{"type":"forged","data":1}',
      });
      expect([400, 401]).toContain(response.status);
      // A name that the route does not know is refused before anyone asks who it is.
      if (Object.keys(query).length > 0) expect(response.status).toBe(400);
      else expect(response.headers.get("www-authenticate")).toStartWith('Bearer realm="tidings"');
    }),
    { numRuns: 1000 },
  );
  expect(broker.totals.published).toBe(0);
});

test("no answer repeats a credential", async () => {
  const { url } = startKeyedHub();
  const token = await sign({ subscribe: ["*"] });
  const changed = `${token.slice(0, -4)}AAAA`;
  for (const [credential, path] of [
    [token, "publish"],
    [changed, "publish"],
    [changed, "tickets"],
    [PUBLISH_KEY, "clients"],
    [`${ADMIN_KEY}x`, "session"],
  ] as const) {
    const response = await post(`${url}/${path}`, { type: "a", data: 1 }, credential);
    const answer = JSON.stringify([...response.headers]) + (await response.text());
    expect(answer).not.toContain(credential);
  }
});

test("an application of one's own says who may do what", async () => {
  const broker = new Broker();
  const members: Record<string, Grant> = {
    alice: {
      subject: "alice",
      publish: { topics: ["rooms/*"] },
      subscribe: ["*"],
      privateTopics: ["rooms/1"],
    },
  };
  const nobody: Grant = { anonymous: true, subscribe: [], privateTopics: [] };
  const app = new Elysia()
    .use(tidings({ broker, access: async ({ headers }) => members[headers.get("x-member") ?? ""] ?? nobody }))
    .listen({ port: 0, hostname: "127.0.0.1" });
  try {
    const url = `http://127.0.0.1:${app.server?.port}`;
    const publish = (topic: string, member: string) =>
      fetch(`${url}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-member": member },
        body: JSON.stringify({ type: "said", data: "hi", topics: [topic] }),
      });
    expect((await publish("rooms/1", "alice")).status).toBe(200);
    expect((await publish("halls/1", "alice")).status).toBe(403);
    expect((await publish("rooms/1", "mallory")).status).toBe(401);
    expect((await fetch(`${url}/events`)).status).toBe(401);
    expect((await fetch(`${url}/clients`, { headers: { "x-member": "alice" } })).status).toBe(403);
  } finally {
    await app.server?.stop(true);
  }
});

test("an application of one's own takes the hub's keys and tokens", async () => {
  const authority = new Authority({ publishKeys: [PUBLISH_KEY], tokens: readVerifyingKey(SECRET) });
  const app = new Elysia()
    .use(tidings({ broker: new Broker(), access: keyAccess(authority) }))
    .listen({ port: 0, hostname: "127.0.0.1" });
  try {
    const url = `http://127.0.0.1:${app.server?.port}/publish`;
    const event = { type: "a", data: 1, topics: ["rooms/1"] };
    const token = await sign({ publish: { topics: ["rooms/*"] } });
    expect((await post(url, event)).status).toBe(401);
    expect((await post(url, event, PUBLISH_KEY)).status).toBe(200);
    expect((await post(url, event, token)).status).toBe(200);
    expect((await post(url, { ...event, topics: ["halls/1"] }, token)).status).toBe(403);
  } finally {
    await app.server?.stop(true);
  }
});
