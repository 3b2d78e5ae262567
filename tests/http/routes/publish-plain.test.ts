import { expect, test } from "bun:test";
import { startConfigured } from "../../configured.ts";
import { startHub, type TestHub } from "../../hub.ts";
import { problemOf } from "../problem.ts";

/** Publishes as somebody does who does not know the hub. */
const send = (url: string, query: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(`${url}/publish?${query}`, { method: "POST", body, headers });

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const TEXT = { "content-type": "text/plain" };
const JSON_TYPE = { "content-type": "application/json" };

async function newest({ broker }: Pick<TestHub, "broker">) {
  const { entries } = await broker.log.read(broker.log.head - 1, 1);
  return entries[0];
}

test("JSON is the data as it is, with numbers of any size", async () => {
  const hub = startHub();
  const answer = await send(
    hub.url,
    "type=n&topic=a&topic=b%2F1&id=one",
    '{"a":12345678901234567890}',
    JSON_TYPE,
  );
  expect([answer.status, await answer.json()]).toEqual([200, { id: "one", recipients: 0 }]);
  const kept = {
    id: "one",
    type: "n",
    topics: ["a", "b/1"],
    json: '{"a":12345678901234567890}',
    private: false,
  };
  expect(await newest(hub)).toMatchObject(kept);
  const again = await send(
    hub.url,
    "type=n&topic=a&topic=b%2F1&id=one",
    '{"a":12345678901234567890}',
    JSON_TYPE,
  );
  expect(await again.json()).toEqual({ id: "one", recipients: 0, duplicate: true });
});

test.each([
  ["a text", TEXT, "disk full\n", '"disk full\\n"'],
  ["a text with a charset", { "content-type": "text/plain; charset=UTF-8" }, "größe", '"größe"'],
  ["bytes that are not declared", {}, "text", '"text"'],
  ["an empty text", TEXT, "", '""'],
  // curl -d declares any text as a form.
  ["a text that curl -d calls a form", FORM, "Backup successful", '"Backup successful"'],
  ["JSON that curl -d calls a form", FORM, '{"a":"x=y"}', '"{\\"a\\":\\"x=y\\"}"'],
  ["a form", FORM, "disk=sda1&free=3+%25&tag=x&tag=y", '{"disk":"sda1","free":"3 %","tag":["x","y"]}'],
  ["a form with a name of every object", FORM, "__proto__=x", '{"__proto__":"x"}'],
])("%s", async (_, headers, body, json) => {
  const hub = startHub();
  expect((await send(hub.url, "type=n", new TextEncoder().encode(body), headers)).status).toBe(200);
  expect((await newest(hub))?.json).toBe(json);
});

test("a form in parts is an object too, without files", async () => {
  const hub = startHub();
  const form = new FormData();
  form.append("disk", "sda1");
  expect((await send(hub.url, "type=n", form)).status).toBe(200);
  expect((await newest(hub))?.json).toBe('{"disk":"sda1"}');
  form.append("file", new Blob(["x"]), "x.txt");
  await problemOf(await send(hub.url, "type=n", form), 415);
});

test("private is a name alone", async () => {
  const hub = startHub();
  expect((await send(hub.url, "type=n&topic=a&private", "x", TEXT)).status).toBe(200);
  expect((await newest(hub))?.private).toBeTrue();
  expect((await send(hub.url, "type=n&topic=a&private=false", "x", TEXT)).status).toBe(200);
  expect((await newest(hub))?.private).toBeFalse();
  await problemOf(await send(hub.url, "type=n&private", "x", TEXT), 422);
});

test("large data is checked too, and is one value", async () => {
  const hub = startHub();
  const list = JSON.stringify(Array.from({ length: 40_000 }, (_, i) => i));
  expect((await send(hub.url, "type=n", list, JSON_TYPE)).status).toBe(200);
  expect((await newest(hub))?.json).toBe(list);
  for (const body of [`${list},"data":1`, `${list},1`, `${list}]`, `${list}}`, list.slice(1), `[${list}`]) {
    await problemOf(await send(hub.url, "type=n", body, JSON_TYPE), 400);
  }
  expect(hub.broker.log.head).toBe(1);
});

test("what can't be taken is refused, and nothing is kept", async () => {
  const hub = startHub({ strict: true });
  const { url } = hub;
  await problemOf(await send(url, "type=notification", '{"id":1}', JSON_TYPE), 422);
  await problemOf(await send(url, "type=unknown", "x", TEXT), 422);
  await problemOf(await send(url, "type=tidings.gap", "x", TEXT), 422);
  await problemOf(await send(url, "type=notification", "{", JSON_TYPE), 400);
  const lone = await problemOf(await send(url, "topic=a", "x", TEXT), 400);
  expect(lone.detail).toContain("no type");
  const meant = await problemOf(await send(url, "type=n&topics=a", "x", TEXT), 400);
  expect(meant.detail).toContain("did you mean topic");
  await problemOf(await send(url, "type=n", "x", { "content-type": "image/png" }), 415);
  await problemOf(await send(url, "type=n", "x", { "content-type": "text/plain;charset=latin1" }), 415);
  const latin = await problemOf(await send(url, "type=n", Uint8Array.of(0xff), TEXT), 400);
  expect(latin.detail).toBe("the body is not UTF-8");
  const zero = await problemOf(await send(url, "type=n&retain=0", "x", TEXT), 400);
  expect(zero.detail).toBe('retain: Expected "", "true" or "false"');
  await problemOf(await fetch(`${url}/publish?type=n`, { method: "POST" }), 400);
  const fields = "a=&".repeat(1001);
  await problemOf(await send(url, "type=n", fields, FORM), 413);
  // Without a type in the query, it is an event and nothing else.
  await problemOf(await fetch(`${url}/publish`, { method: "POST", body: "x", headers: TEXT }), 415);
  expect(hub.broker.log.head).toBe(0);
});

test("a page of another site can't send what needs no preflight, whatever CORS allows", async () => {
  const allowed = "https://app.example.org";
  const { url, broker } = await startConfigured([`--cors-origin=${allowed}`]);
  for (const headers of [
    { origin: allowed },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    { origin: "null" },
  ] as Record<string, string>[]) {
    for (const type of [FORM, TEXT]) {
      await problemOf(await send(url, "type=n", "a=1", { ...type, ...headers }), 403);
    }
  }
  expect(broker.log.head).toBe(0);
  // What has a preflight may come from there, and the hub's own pages may send anything.
  expect((await send(url, "type=n", "1", { ...JSON_TYPE, origin: allowed })).status).toBe(200);
  expect((await send(url, "type=n", "a=1", { ...FORM, origin: url })).status).toBe(200);
  expect((await send(url, "type=n", "a=1", { ...FORM, "sec-fetch-site": "same-origin" })).status).toBe(200);
});

test("it takes what publishing takes: a key in its header, not in the query, nor HTTP Basic", async () => {
  const key = "a-key-for-publishers";
  const { url, broker } = await startConfigured([`--publish-key=${key}`]);
  await problemOf(await send(url, "type=n", "x", TEXT), 401);
  await problemOf(await send(url, `type=n&access_token=${key}`, "x", TEXT), 400);
  await problemOf(await send(url, `type=n&auth=${key}`, "x", TEXT), 400);
  const basic = Buffer.from(`:${key}`).toString("base64");
  await problemOf(await send(url, "type=n", "x", { ...TEXT, authorization: `Basic ${basic}` }), 401);
  expect(broker.log.head).toBe(0);
  expect((await send(url, "type=n", "x", { ...TEXT, authorization: `Bearer ${key}` })).status).toBe(200);
});
