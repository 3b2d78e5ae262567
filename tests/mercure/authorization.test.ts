import { expect, test } from "bun:test";
import { startConfigured } from "../configured.ts";
import { until } from "../until.ts";
import { DETAIL, SECRET, sign, startMercure } from "./mercure-hub.ts";

const publisher = (topics: unknown, more: object = {}) => [{ actions: ["publish"], topics, ...more }];
const UPDATE = "topic=https%3A%2F%2Fe.com%2Fbooks%2F1&private=on&data=secret";

test("a publisher needs a token for every topic of its update", async () => {
  const { publish } = await startMercure();
  const books = await sign({
    details: publisher([{ match: "https://e.com/books/:id", match_type: "urlpattern" }, { match: "plain" }]),
  });
  expect((await publish(UPDATE, books)).status).toBe(200);
  expect((await publish(`${UPDATE}&topic=plain`, books)).status).toBe(200);
  const refused = await publish(`${UPDATE}&topic=other`, books);
  expect(refused.status).toBe(403);
  expect(refused.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
  const anonymous = await publish(UPDATE, "");
  expect(anonymous.status).toBe(401);
  expect(anonymous.headers.get("www-authenticate")).not.toContain("error=");
  expect((await publish(UPDATE, await sign({ details: [] }))).status).toBe(403);
});

test("a token that is not as it should be grants nothing at all", async () => {
  const { publish } = await startMercure();
  const fine = publisher([{ match: "*" }]);
  const [, claims, signature] = (await sign({ details: fine })).split(".");
  const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url")}.${claims}.${signature}`;
  const tokens = {
    "another typ": await sign({ details: fine, header: { typ: "JWT" } }),
    "no typ": await sign({ details: fine, header: { typ: undefined } }),
    "another issuer": await sign({ details: fine, claims: { iss: "https://other.example" } }),
    "no issuer": await sign({ details: fine, claims: { iss: undefined } }),
    "another audience": await sign({ details: fine, claims: { aud: ["https://other.example"] } }),
    "no audience": await sign({ details: fine, claims: { aud: undefined } }),
    "no expiry": await sign({ details: fine, claims: { exp: undefined } }),
    expired: await sign({ details: fine, expires: -60 }),
    "not yet": await sign({ details: fine, claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }),
    "another key": await sign({ details: fine, key: "another secret of more than thirty-two bytes" }),
    "a bad detail beside it": await sign({ details: [...fine, { actions: [], topics: [{ match: "a" }] }] }),
    "no topics": await sign({ details: [...fine, { actions: ["publish"], topics: [] }] }),
    "a topic that is no object": await sign({ details: publisher(["a"]) }),
    "an action that is no text": await sign({
      details: publisher([{ match: "*" }], { actions: ["publish", 1] }),
    }),
    "an unknown match_type": await sign({ details: publisher([{ match: "a", match_type: "regex" }]) }),
    "match_type in capitals": await sign({ details: publisher([{ match: "a", match_type: "Exact" }]) }),
    "a bad pattern": await sign({ details: publisher([{ match: "(", match_type: "urlpattern" }]) }),
    "too many patterns that are alike": await sign({
      details: publisher(
        Array.from({ length: 100 }, (_, i) => ({ match: `*://*/*a*${i}*`, match_type: "urlpattern" })),
      ),
    }),
    "a hidden character": await sign({ details: publisher([{ match: "a\u200b" }]) }),
    "a payload that is no object": await sign({ details: publisher([{ match: "*" }], { payload: 1 }) }),
    "no list": await sign({ details: { type: DETAIL } }),
    "too many details": await sign({ details: Array.from({ length: 101 }, () => fine[0]) }),
    "more topics than a token has room for": await sign({
      details: publisher(Array.from({ length: 450 }, (_, i) => ({ match: `${i}` }))),
    }),
    "too long a pattern": await sign({ details: publisher([{ match: "a".repeat(4097) }]) }),
    "no algorithm": unsigned,
    "another algorithm": await sign({ details: fine, header: { alg: "HS512" } }),
    "a key of its own": await sign({
      details: fine,
      key: "x".repeat(32),
      header: { jwk: { kty: "oct", k: Buffer.from("x".repeat(32)).toString("base64url") } },
    }),
    "no token": "a.b.c",
  };
  for (const [what, token] of Object.entries(tokens)) {
    const answer = await publish(UPDATE, token);
    expect([what, answer.status]).toEqual([what, 401]);
    expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
  }
  const good = {
    "typ in full and in capitals": await sign({ details: fine, header: { typ: "application/AT+jwt" } }),
    "a list of audiences": await sign({
      details: fine,
      claims: { aud: ["https://other.example", "https://localhost/.well-known/mercure"] },
    }),
    "unknown actions": await sign({
      details: publisher([{ match: "*" }], { actions: ["dance", "publish"] }),
    }),
    "details of others": await sign({ details: [...fine, { type: "https://other.example", whatever: 1 }] }),
    "the wildcard whatever its type": await sign({
      details: publisher([{ match: "*", match_type: "urlpattern" }]),
    }),
  };
  for (const [what, token] of Object.entries(good))
    expect([what, (await publish(UPDATE, token)).status]).toEqual([what, 200]);
});

test("a private update is for those whose token grants one of its topics", async () => {
  const { publish, subscribe, broker } = await startMercure();
  const reader = (topics: unknown) =>
    sign({ details: [{ actions: ["subscribe"], topics }] }).then((token) => ({
      headers: { authorization: `Bearer ${token}` },
    }));
  const query = "match_urlpattern=https://e.com/books/:id";
  const anonymous = await subscribe(query);
  const granted = await subscribe(
    query,
    await reader([{ match: "https://e.com/users/1/*", match_type: "urlpattern" }]),
  );
  const other = await subscribe(
    query,
    await reader([{ match: "https://e.com/users/2/*", match_type: "urlpattern" }]),
  );
  await until(() => broker.clientCount === 3);
  await publish("topic=https://e.com/books/1&topic=https://e.com/users/1/x&private=&data=secret");
  // Whatever it says, if it says anything.
  for (const said of ["private", "private=off", "private=0"])
    await publish(`topic=https://e.com/books/1&${said}&data=secret`);
  await publish("topic=https://e.com/books/1&data=public");
  const got = async (streams: (typeof anonymous)[]) => {
    for (const stream of streams) await until(() => stream.events.at(-1)?.["data"] === "public");
    return streams.map(({ events }) => events.length);
  };
  expect(await got([anonymous, granted, other])).toEqual([1, 2, 1]);
  // The history is for the same.
  const again = [undefined, "1", "2"].map(async (user) => {
    const topics = [{ match: `https://e.com/users/${user}/*`, match_type: "urlpattern" }];
    return subscribe(`${query}&last_event_id=earliest`, user === undefined ? {} : await reader(topics));
  });
  expect(await got(await Promise.all(again))).toEqual([1, 2, 1]);
});

test("a stream ends with its token", async () => {
  // The leeway of clocks is for requests alone.
  const { subscribe } = await startMercure("--jwt-leeway", "1h");
  const token = await sign({ details: [{ actions: ["subscribe"], topics: [{ match: "*" }] }], expires: 2 });
  const stream = await subscribe("match=*", { headers: { authorization: `Bearer ${token}` } });
  await until(() => stream.ended);
});

test("a token in the header wins over the cookie, and comes once", async () => {
  const { publish, hub, url } = await startMercure();
  const good = await sign({ details: publisher([{ match: "*" }]) });
  const cookie = `__Secure-mercure_access_token=${good}`;
  const own = { cookie, origin: url };
  expect((await publish("topic=a", "", own)).status).toBe(200);
  expect((await publish("topic=a", "", { cookie, referer: `${url}/page` })).status).toBe(200);
  expect((await publish("topic=a", "", { cookie })).status).toBe(403);
  expect((await publish("topic=a", "", { cookie, origin: "https://other.example" })).status).toBe(403);
  // So it is with the cookie of the hub's own readers.
  const native = `__Host-tidings=${good}`;
  expect((await publish("topic=a", "", { cookie: native, origin: url })).status).toBe(200);
  expect((await publish("topic=a", "", { cookie: native })).status).toBe(403);
  expect((await publish("topic=a", "a.b.c", own)).status).toBe(401);
  expect((await publish("topic=a", "", { authorization: `bearer ${good}` })).status).toBe(200);
  for (const authorization of [`Basic ${good}`, `Bearer ${good}, Bearer ${good}`, good]) {
    const answer = await publish("topic=a", "", { authorization });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("www-authenticate")).toContain('error="invalid_request"');
  }
  expect((await fetch(`${hub}?match=a&authorization=${good}`)).status).toBe(400);
  expect((await fetch(`${hub}?match=a&access_token=${good}`)).status).toBe(400);
});

test("--mercure-compat takes the claim mercure, its cookie, and authorization in the query", async () => {
  const old = { publish: ["https://e.com/books/{id}"], subscribe: ["https://e.com/books/{id}"] };
  const strict = await startMercure();
  const token = await sign({ old, header: { typ: undefined } });
  expect((await strict.publish(UPDATE, token)).status).toBe(403);
  const { publish, subscribe, url, hub } = await startMercure("--mercure-compat");
  const stream = await subscribe(`topic=*&authorization=${token}`);
  expect(stream.response.headers.get("cache-control")).toContain("private");
  expect((await publish(UPDATE, token)).status).toBe(200);
  expect((await publish("topic=https://e.com/other", token)).status).toBe(403);
  expect((await publish(UPDATE, await sign({ old: { publish: [] } }))).status).toBe(403);
  expect((await publish(UPDATE, "", { cookie: `mercureAuthorization=${token}`, origin: url })).status).toBe(
    200,
  );
  // The header comes before the query, and the query before the cookie.
  const wrong = { cookie: "mercureAuthorization=a.b.c", origin: url };
  const inQuery = (given: string, headers: Record<string, string>) =>
    fetch(`${hub}?authorization=${given}`, { method: "POST", body: new URLSearchParams(UPDATE), headers });
  expect((await inQuery(token, wrong)).status).toBe(200);
  expect((await inQuery("a.b.c", { ...wrong, authorization: `Bearer ${token}` })).status).toBe(200);
  // It needs none of the claims that version 1 asks for.
  const bare = await startConfigured(["--jwt-key", SECRET, "--mercure-compat"]);
  const claims = { iss: undefined, aud: undefined, exp: undefined };
  const plain = await sign({ old, claims, header: { typ: undefined } });
  const answer = await fetch(`${bare.url}/.well-known/mercure`, {
    method: "POST",
    body: new URLSearchParams(UPDATE),
    headers: { authorization: `Bearer ${plain}` },
  });
  expect(answer.status).toBe(200);
  const namespaced = await sign({ claims: { "https://mercure.rocks/": { publish: ["*"] } } });
  expect((await publish("topic=any", namespaced)).status).toBe(200);
  expect((await publish("topic=any", await sign({ old: { publish: "*" } }))).status).toBe(401);
  await until(() => stream.events.length === 5);
  // Details are checked as strictly as ever.
  const details = publisher([{ match: "*" }]);
  expect((await publish("topic=any", await sign({ details, header: { typ: undefined } }))).status).toBe(401);
});

test("a private hub asks its subscribers for a token that grants what they ask for", async () => {
  const { hub, publish } = await startMercure("--private");
  expect((await fetch(`${hub}?match=a`)).status).toBe(401);
  const topics = [{ match: "a" }, { match: "https://e.com/:x", match_type: "urlpattern" }];
  const authorization = `Bearer ${await sign({ details: [{ actions: ["subscribe"], topics }] })}`;
  const status = async (query: string) => {
    const stop = new AbortController();
    const { status } = await fetch(`${hub}?${query}`, { headers: { authorization }, signal: stop.signal });
    stop.abort();
    return status;
  };
  expect(await status("match=a")).toBe(200);
  expect(await status("match_urlpattern=https://e.com/:x")).toBe(200);
  expect(await status("match=https://e.com/1")).toBe(200);
  expect(await status("match=b")).toBe(403);
  expect(await status("match=*")).toBe(403);
  expect(await status("match_urlpattern=https://e.com/:y")).toBe(403);
  expect((await publish("topic=a", "")).status).toBe(401);
});

test("on a private hub a pattern of the token grants none of the patterns that a subscriber asks for", async () => {
  const { hub } = await startMercure("--private");
  // The hub's own address is among those that they match, and so is all that is relative to it.
  const granted = ["https://localhost/*", "*://localhost/*", "/*"];
  const topics = granted.map((match) => ({ match, match_type: "urlpattern" }));
  const authorization = `Bearer ${await sign({ details: [{ actions: ["subscribe"], topics }] })}`;
  for (const asked of ["https://other.example/*", "*://*/*", "/a/*", "a"]) {
    const query = new URLSearchParams({ match_urlpattern: asked });
    const answer = await fetch(`${hub}?${query}`, { headers: { authorization } });
    expect([asked, answer.status]).toEqual([asked, 403]);
  }
});

test("a token that no header could hold is refused like any other that is none", async () => {
  const { url, hub } = await startMercure("--mercure-compat");
  for (const token of ["a%0Ab", "a%00b", "%E2%82%AC", "%zz%ff", "a%20b"]) {
    for (const name of ["__Secure-mercure_access_token", "mercureAuthorization", "__Host-tidings"]) {
      const cookie = `${name}=${token}`;
      expect((await fetch(`${hub}?match=a`, { headers: { cookie } })).status).toBe(401);
      const update = {
        method: "POST",
        body: new URLSearchParams("topic=a"),
        headers: { cookie, origin: url },
      };
      expect((await fetch(hub, update)).status).toBe(401);
    }
    expect((await fetch(`${hub}?topic=a&authorization=${token}`)).status).toBe(
      token === "%zz%ff" ? 400 : 401,
    );
  }
});

test("a hub that knows its URL publishes its metadata, and challenges name it", async () => {
  const own = "https://hub.example/.well-known/mercure";
  const place = "/.well-known/oauth-protected-resource/.well-known/mercure";
  const { url, publish } = await startMercure("--mercure-url", own);
  expect(await (await fetch(`${url}${place}`)).json()).toEqual({
    resource: own,
    bearer_methods_supported: ["header"],
    authorization_details_types_supported: [DETAIL],
    mercure_cookie: "__Secure-mercure_access_token",
    mercure_subscriptions: true,
  });
  for (const token of ["", "a.b.c"]) {
    const challenge = (await publish("topic=a", token)).headers.get("www-authenticate");
    expect(challenge).toStartWith("Bearer ");
    expect(challenge).toEndWith(`, resource_metadata="https://hub.example${place}"`);
  }
  expect((await publish([["topic", `${own}/subscriptions`]])).status).toBe(400);
  expect((await publish("topic=a", undefined, { host: "hub.example" })).status).toBe(200);
  expect((await publish("topic=a", undefined, { host: "other.example" })).status).toBe(421);
  const unknown = await startMercure();
  expect((await fetch(`${unknown.url}${place}`)).status).toBe(404);
  expect((await unknown.publish("topic=a", "")).headers.get("www-authenticate")).not.toContain("resource");
});
