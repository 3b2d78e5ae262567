import { expect, test } from "bun:test";
import { startConfigured } from "../configured.ts";
import { newFile } from "../folder.ts";
import { until } from "../until.ts";
import { DETAIL, open, sign } from "./mercure-hub.ts";

const PATH = "/.well-known/mercure";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const PRIVATE = "topic=t&private=on&data=secret";
const [ONE, OTHER] = ["one", "other"].map((name) => name.repeat(16)) as [string, string];

const both = [{ actions: ["publish", "subscribe"], topics: [{ match: "*" }] }];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function startWith(issuers: object[], ...flags: string[]) {
  const file = await newFile("issuers.json", JSON.stringify(issuers));
  const { url, broker } = await startConfigured(["--issuers-file", file, ...flags]);
  const hub = url + PATH;
  const publish = async (headers: Record<string, string>) =>
    (await fetch(hub, { method: "POST", body: PRIVATE, headers: { ...FORM, ...headers } })).status;
  return { url, hub, broker, publish };
}

test("two issuers, each with its key: the key of one signs nothing for the other", async () => {
  const [a, b] = ["https://a.example", "https://b.example"];
  const { publish } = await startWith([
    { issuer: a, key: ONE },
    { issuer: b, key: OTHER, audience: "https://hub.example" },
  ]);
  const status = async (key: string, iss: string, aud?: string) =>
    publish(bearer(await sign({ details: both, key, claims: { iss, ...(aud !== undefined && { aud }) } })));
  expect(await status(ONE, a)).toBe(200);
  expect(await status(OTHER, b, "https://hub.example")).toBe(200);
  expect(await status(OTHER, b)).toBe(401);
  expect(await status(ONE, b, "https://hub.example")).toBe(401);
  expect(await status(OTHER, a)).toBe(401);
  expect(await status(ONE, "https://c.example")).toBe(401);
});

test("a publisher's key grants no reading, and a subscriber's no publishing, in both dialects", async () => {
  const issuer = "https://issuer.example";
  const { publish, hub, broker } = await startWith(
    [
      { issuer, key: ONE, grants: "publish" },
      { issuer, key: OTHER, grants: "subscribe" },
    ],
    "--mercure-compat",
  );
  const old = { publish: ["*"], subscribe: ["*"] };
  for (const claims of [{ details: both }, { old }]) {
    const publisher = bearer(await sign({ ...claims, key: ONE }));
    const subscriber = bearer(await sign({ ...claims, key: OTHER }));
    expect(await publish(subscriber)).toBe(403);
    const streams = await Promise.all(
      [publisher, subscriber].map((headers) => open(`${hub}?match=t`, { headers })),
    );
    const [unable, able] = streams;
    await until(() => broker.clientCount % 2 === 0);
    expect(await publish(publisher)).toBe(200);
    await until(() => able?.events.length === 1);
    expect(unable?.events).toEqual([]);
  }
});

test("--mercure-cookie names the cookie, in the metadata too", async () => {
  const own = "https://hub.example/.well-known/mercure";
  const issuer = "https://issuer.example";
  const { publish, url, hub, broker } = await startWith(
    [{ issuer, key: ONE }],
    ...["--mercure-cookie", "session", "--mercure-url", own],
  );
  const token = await sign({ details: both, key: ONE, claims: { aud: own } });
  expect(await publish({ cookie: `a=b; session=${token}`, origin: url })).toBe(200);
  expect(await publish({ cookie: `__Secure-mercure_access_token=${token}`, origin: url })).toBe(401);
  const stream = await open(`${hub}?match=t`, { headers: { cookie: `session=${token}` } });
  await until(() => broker.clientCount === 1);
  expect(await publish(bearer(token))).toBe(200);
  await until(() => stream.events.length === 1);
  const metadata = await fetch(`${url}/.well-known/oauth-protected-resource${PATH}`);
  expect(await metadata.json()).toMatchObject({
    mercure_cookie: "session",
    authorization_details_types_supported: [DETAIL],
  });
});
