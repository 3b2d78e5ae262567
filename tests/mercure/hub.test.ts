import { expect, test } from "bun:test";
import { CompactEncrypt, compactDecrypt } from "jose";
import { defer } from "../defer.ts";
import { until } from "../until.ts";
import { sign, startMercure } from "./mercure-hub.ts";

const ORIGIN = "https://app.example";

test("pages of allowed origins may use every method, send cookies, and read every header", async () => {
  const { hub, publish } = await startMercure("--cors-origin", ORIGIN);
  const preflight = (origin: string) =>
    fetch(hub, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "QUERY",
        "access-control-request-headers": "authorization, last-event-id",
      },
    });
  const { headers } = await preflight(ORIGIN);
  expect(headers.get("access-control-allow-origin")).toBe(ORIGIN);
  expect(headers.get("access-control-allow-credentials")).toBe("true");
  for (const method of ["GET", "POST", "QUERY"])
    expect(headers.get("access-control-allow-methods")).toContain(method);
  expect(headers.get("access-control-allow-headers")).toContain("last-event-id");
  expect((await preflight("https://other.example")).headers.get("access-control-allow-origin")).not.toBe(
    "https://other.example",
  );
  const exposed = (await publish("topic=a", undefined, { origin: ORIGIN })).headers.get(
    "access-control-expose-headers",
  );
  for (const name of ["link", "mercure-last-event-id", "last-event-id", "www-authenticate"])
    expect(exposed).toContain(name);
  // With the cookie, only the hub's own pages publish. Others send the token themselves.
  const token = await sign({ details: [{ actions: ["publish"], topics: [{ match: "*" }] }] });
  const cookie = `__Secure-mercure_access_token=${token}`;
  expect((await publish("topic=a", "", { cookie, origin: ORIGIN })).status).toBe(403);
  expect((await publish("topic=a", token, { cookie, origin: ORIGIN })).status).toBe(200);
});

test("every origin may come, but without cookies", async () => {
  const { publish } = await startMercure("--cors-origin", "*");
  const { headers } = await publish("topic=a", undefined, { origin: ORIGIN });
  expect(headers.get("access-control-allow-origin")).toBe("*");
  expect(headers.get("access-control-allow-credentials")).toBe(null);
});

test("a quiet stream has comments, and ends at its age", async () => {
  const { subscribe } = await startMercure("--keep-alive", "50ms", "--max-stream-age", "1s");
  const stream = await subscribe("match=a");
  await until(() => stream.text.includes("\n:") || stream.text.startsWith(":"));
  await until(() => stream.ended);
  expect(stream.events).toEqual([]);
});

test("HEAD answers with the head of a stream, and subscribes nobody", async () => {
  const { hub, broker } = await startMercure();
  const { status, headers } = await fetch(`${hub}?match=a&last_event_id=earliest`, { method: "HEAD" });
  expect([status, headers.get("mercure-last-event-id")]).toEqual([200, "earliest"]);
  expect(headers.get("content-type")).toStartWith("text/event-stream");
  expect((await fetch(hub, { method: "HEAD" })).status).toBe(400);
  expect(broker.clientCount).toBe(0);
});

test("who has too many connections is told when to come back", async () => {
  const { subscribe, hub, broker } = await startMercure("--max-clients-per-address", "1");
  await subscribe("match=a");
  await until(() => broker.clientCount === 1);
  const refused = await fetch(`${hub}?match=a`);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).not.toBe(null);
});

test("an update that a publisher encrypted comes as it was sent", async () => {
  const { publish, subscribe, url } = await startMercure();
  const key = crypto.getRandomValues(new Uint8Array(32));
  const sealed = await new CompactEncrypt(Buffer.from('{"secret":"ü"}'))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(key);
  const stream = await subscribe("match=t");
  await publish([
    ["topic", "t"],
    ["data", sealed],
  ]);
  await until(() => stream.events.length === 1);
  const { plaintext } = await compactDecrypt(stream.events[0]?.["data"] ?? "", key);
  expect(new TextDecoder().decode(plaintext)).toBe('{"secret":"ü"}');
  const held = await (await fetch(`${url}/history`)).text();
  expect(held).toContain(sealed);
  expect(held).not.toContain("ü");
});

test("every event has an id, also native ones, and none is a hub event", async () => {
  const { publish, subscribe, broker } = await startMercure();
  await publish("topic=t&id=one");
  const stream = await subscribe("match=t&last_event_id=nobody");
  await until(() => stream.events.length === 1);
  await broker.publish({ type: "order", data: 1, topic: "t" });
  await publish("topic=t");
  await until(() => stream.events.length === 3);
  const [first = {}, second = {}, third = {}] = stream.events;
  expect(first["id"]).toBe("one");
  for (const { id } of [second, third]) expect(id).toMatch(/^#[a-z]{12}-\d+$/);
  expect(stream.text).toContain('\n: gap: {"requested":"nobody","earliest":"');
  expect(stream.text).not.toContain("tidings");
});

test("patterns that would make every publish slow are refused, and others are not", async () => {
  const { hub, broker, publish, subscribe } = await startMercure();
  const query = (pattern: (i: number) => string, count: number) =>
    new URLSearchParams(
      Array.from({ length: count }, (_, i): [string, string] => ["match_urlpattern", pattern(i)]),
    ).toString();
  const wide = query((i) => `*://*/${"*a".repeat(150)}${i}`, 30);
  expect((await fetch(`${hub}?${wide}`)).status).toBe(400);
  let reader = 0;
  const hostile = () => {
    const number = reader++;
    return query((i) => `*://*/*a*a*${number}x${i}*`, 100);
  };
  let refused: Response | undefined;
  while (reader < 50 && !refused) {
    const stop = new AbortController();
    const answer = await fetch(`${hub}?${hostile()}`, { signal: stop.signal });
    if (answer.status === 503) refused = answer;
    else defer(() => stop.abort());
  }
  expect(refused?.headers.get("retry-after")).not.toBe(null);
  const stream = await subscribe("match=https://e.com/aaa/1");
  const topic = `https://e.com/${"a".repeat(46)}/1`;
  const began = process.cpuUsage();
  for (let i = 0; i < 20; i++) await broker.publish({ type: "x", data: i, topic });
  const { user, system } = process.cpuUsage(began);
  // Some 5 to 10 ms here. A slower machine has the room that it needs.
  expect((user + system) / 1000 / 20).toBeLessThan(40);
  await publish("topic=https://e.com/aaa/1");
  await until(() => stream.events.length === 1);
});
