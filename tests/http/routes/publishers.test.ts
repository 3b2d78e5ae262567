import { describe, expect, test } from "bun:test";
import { ADMIN_KEY, bearer, PUBLISH_KEY, post, sign, startKeyedHub } from "../keyed-hub.ts";

const event = { type: "order-created", data: { id: 1 }, topics: ["orders/1"] };
const grant = { publish: { topics: ["orders/*"], types: ["order-*"] } };

test("a key publishes everything, and so does the administrator's", async () => {
  const { url } = startKeyedHub();
  expect((await post(`${url}/publish`, event, PUBLISH_KEY)).status).toBe(200);
  expect((await post(`${url}/publish`, { type: "all", data: 1 }, ADMIN_KEY)).status).toBe(200);
});

test("without a credential it is 401, and the answer says how to come back", async () => {
  const { url, broker } = startKeyedHub();
  for (const path of ["publish", "publish/batch"]) {
    const response = await post(`${url}/${path}`, [event]);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="tidings"');
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
  expect(broker.totals.published).toBe(0);
});

test.each([
  "no key of this hub",
  `${PUBLISH_KEY}x`,
  PUBLISH_KEY.slice(0, -1),
  PUBLISH_KEY.toUpperCase(),
  "a.b.c",
  "x".repeat(9000),
])("a wrong credential is 401: %s", async (key) => {
  const { url } = startKeyedHub();
  const response = await post(`${url}/publish`, event, key);
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toMatch(
    /^Bearer realm="tidings", error="invalid_token", error_description="[^"]+"$/,
  );
  expect(await response.text()).not.toContain(key);
});

test("other schemes are no credentials", async () => {
  const { url } = startKeyedHub();
  const response = await fetch(`${url}/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Basic ${btoa(`x:${PUBLISH_KEY}`)}` },
    body: JSON.stringify(event),
  });
  expect(response.status).toBe(401);
});

test("the scheme's case does not matter", async () => {
  const { url } = startKeyedHub();
  const response = await fetch(`${url}/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `bearer  ${PUBLISH_KEY}` },
    body: JSON.stringify(event),
  });
  expect(response.status).toBe(200);
});

describe("a token", () => {
  test("publishes what its claims name", async () => {
    const { url } = startKeyedHub();
    expect((await post(`${url}/publish`, event, await sign(grant))).status).toBe(200);
  });

  test.each([
    { ...event, topics: ["invoices/1"] },
    { ...event, topics: ["orders/1", "invoices/1"] },
    { ...event, topics: [] },
    { ...event, type: "invoice-created" },
  ])("publishes nothing else: %p", async (other) => {
    const { url, broker } = startKeyedHub();
    const response = await post(`${url}/publish`, other, await sign(grant));
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    expect(broker.totals.published).toBe(0);
  });

  test("for subscribing publishes nothing, whatever the body", async () => {
    const { url } = startKeyedHub();
    const token = await sign({ subscribe: ["*"] });
    expect((await post(`${url}/publish`, event, token)).status).toBe(403);
    expect((await post(`${url}/publish`, "no event", token)).status).toBe(403);
  });

  test("of a hub that has no tokens is as good as any text", async () => {
    const { url } = startKeyedHub({ tokens: undefined });
    expect((await post(`${url}/publish`, event, await sign(grant))).status).toBe(401);
  });

  test("whose claim is misspelt is refused, and the reason says where", async () => {
    const { url } = startKeyedHub();
    const token = await sign({ publish: { topics: ["*"], type: ["a"] } } as never);
    const response = await post(`${url}/publish`, event, token);
    expect(response.status).toBe(401);
    expect(await response.json()).toHaveProperty("detail", expect.stringContaining("/tidings/publish/type"));
  });
});

test("a batch with one event that is not granted is refused as a whole", async () => {
  const { url, broker } = startKeyedHub();
  const batch = [event, { ...event, topics: ["invoices/1"] }, event];
  const response = await post(`${url}/publish/batch`, batch, await sign(grant));
  expect(response.status).toBe(403);
  expect(await response.json()).toHaveProperty("detail", expect.stringContaining("invoices/1"));
  expect(broker.totals.published).toBe(0);
  expect((await post(`${url}/publish/batch`, [event, event], await sign(grant))).status).toBe(200);
});

test("a refusal's header is short, however long what it is about", async () => {
  const { url } = startKeyedHub({ private: true });
  const long = "x".repeat(1000);
  const many = Array.from({ length: 100 }, (_, n) => `${n}${long}`);
  const publisher = await sign({ publish: { topics: ["orders/*"] } });
  const reader = await sign({ subscribe: many.slice(0, 6) });
  const refused = [
    await post(`${url}/publish`, { type: long, data: 1, topics: ["orders/1", ...many.slice(1)] }, publisher),
    await post(`${url}/publish`, { type: long, data: 1 }, publisher),
    await fetch(`${url}/events`, { headers: bearer(reader) }),
    await fetch(`${url}/history?topic=${long}`, { headers: bearer(reader) }),
  ];
  for (const response of refused) {
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")?.length).toBeLessThan(500);
    expect((await response.text()).length).toBeLessThan(3000);
  }
});

test("a private event needs a topic", async () => {
  const { url, broker } = startKeyedHub();
  const batch = [
    event,
    { type: "a", data: 1, private: true },
    { type: "a", data: 1, private: true, topics: [] },
  ];
  const response = await post(`${url}/publish/batch`, batch, PUBLISH_KEY);
  expect(response.status).toBe(422);
  expect(await response.json()).toHaveProperty("errors", [
    { path: "/1/topics", message: "missing: a private event needs a topic" },
    { path: "/2/topics", message: "missing: a private event needs a topic" },
  ]);
  expect(broker.totals.published).toBe(0);
  const short = { type: "a", data: 1, private: true, topic: "t" };
  expect((await post(`${url}/publish`, short, PUBLISH_KEY)).status).toBe(200);
});

test("the administrator sees who publishes what; a batch counts each of its types, and nothing twice", async () => {
  const { url } = startKeyedHub();
  const shop = await sign({ publish: { topics: ["*"] } }, { subject: "shop" });
  await post(`${url}/publish`, { ...event, id: "one" }, shop);
  await post(`${url}/publish`, { ...event, id: "one" }, shop);
  const batch = ["a", "b", "a", "a"].map((type) => ({ type, data: 1 }));
  await post(`${url}/publish/batch`, batch, shop);
  await post(`${url}/publish`, { type: "b", data: 1 }, PUBLISH_KEY);
  const answer = await fetch(`${url}/publishers`, { headers: bearer(ADMIN_KEY) });
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.json()).toEqual({
    publishers: [
      {
        publisher: 'token [null,"shop"]',
        subject: "shop",
        events: 5,
        types: [
          { type: "a", events: 3 },
          { type: "order-created", events: 1 },
          { type: "b", events: 1 },
        ],
      },
      {
        publisher: expect.stringMatching(/^publish-key /),
        subject: expect.stringMatching(/^key:/),
        events: 1,
        types: [{ type: "b", events: 1 }],
      },
    ],
  });
});
