import { expect, test } from "bun:test";
import { SignJWT } from "jose";
import { startConfigured } from "../../configured.ts";
import { post } from "../../post.ts";
import { until } from "../../until.ts";
import { Reader } from "../reader.ts";

const JSON_TYPE = { "content-type": "application/json" };
const eventOf = (bytes: number) => {
  const event = { type: "a", data: "" };
  return { ...event, data: "x".repeat(bytes - JSON.stringify(event).length) };
};
const statusOf = async (response: Promise<Response>) => {
  const answer = await response;
  if (answer.status >= 400) expect(answer.headers.get("content-type")).toBe("application/problem+json");
  await answer.body?.cancel();
  return answer.status;
};

test("--max-body: a larger body is refused, declared or not", async () => {
  const { url, broker } = await startConfigured(["--max-body", "1KiB"]);
  expect(await statusOf(post(`${url}/publish/batch`, [eventOf(1022)]))).toBe(200);
  expect(await statusOf(post(`${url}/publish/batch`, [eventOf(1023)]))).toBe(413);
  expect(await statusOf(post(`${url}/publish`, eventOf(1024)))).toBe(200);
  expect(await statusOf(post(`${url}/publish`, eventOf(1025)))).toBe(413);
  const parts = [eventOf(1025)]
    .map((event) => JSON.stringify(event))
    .flatMap((text) => [text.slice(0, 600), text.slice(600)]);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(part));
      await Bun.sleep(1);
    },
  });
  expect(await statusOf(fetch(`${url}/publish`, { method: "POST", headers: JSON_TYPE, body }))).toBe(413);
  expect(broker.totals.published).toBe(2);
});

test("--max-event: a larger event is refused, alone and in a batch, which then delivers nothing", async () => {
  const { url, broker } = await startConfigured(["--max-event", "1KiB"]);
  expect(await statusOf(post(`${url}/publish`, eventOf(1024)))).toBe(200);
  expect(await statusOf(post(`${url}/publish`, eventOf(1025)))).toBe(413);
  const small = Array.from({ length: 10 }, () => eventOf(1024));
  expect(await statusOf(post(`${url}/publish/batch`, small))).toBe(200);
  const refused = await post(`${url}/publish/batch`, [...small, eventOf(1025)]);
  expect(refused.status).toBe(413);
  expect(await refused.json()).toMatchObject({ detail: "/10: an event here is 1024 bytes at most" });
  expect(broker.totals.published).toBe(11);
});

test("--max-topics: a client that names more topics or types is refused", async () => {
  const { url } = await startConfigured(["--max-topics", "3"]);
  const query = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${name}=${name}${i}`).join("&");
  for (const name of ["topic", "type"]) {
    expect(await statusOf(fetch(`${url}/events?${query(name, 3)}`))).toBe(200);
    expect(await statusOf(fetch(`${url}/events?${query(name, 4)}`))).toBe(400);
  }
});

test("--max-clients: the next is told to come back later, and may when one has left", async () => {
  const { url, broker } = await startConfigured(["--max-clients", "2"]);
  const streams = [await fetch(`${url}/events`), await fetch(`${url}/events`)];
  const refused = await fetch(`${url}/events`);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
  await streams[0]?.body?.cancel();
  await until(() => broker.clientCount === 1);
  expect(await statusOf(fetch(`${url}/events`))).toBe(200);
});

test("--max-stream-age: each stream ends at an age of its own, and its reader comes back", async () => {
  const { url, broker } = await startConfigured(["--max-stream-age", "200ms"]);
  const startedAt = performance.now();
  const ages = await Promise.all(
    Array.from({ length: 10 }, async () => {
      await (await fetch(`${url}/events`)).text();
      return performance.now() - startedAt;
    }),
  );
  expect(Math.min(...ages)).toBeGreaterThanOrEqual(99);
  expect(new Set(ages.map(Math.round)).size).toBeGreaterThan(1);
  expect(broker.totals.removed.expired).toBe(10);
  expect(await statusOf(fetch(`${url}/events`))).toBe(200);
});

test("--max-clients holds when many come at once", async () => {
  const { url, broker } = await startConfigured(["--max-clients", "5"]);
  await Promise.allSettled(Array.from({ length: 50 }, () => fetch(`${url}/events`)));
  expect(broker.clientCount).toBe(5);
});

test("--max-clients-per-address: an address has its share, as a trusted proxy tells it", async () => {
  const { url, broker } = await startConfigured([
    "--max-clients-per-address",
    "2",
    "--trust-proxy",
    "127.0.0.1",
  ]);
  const open = (address: string) => fetch(`${url}/events`, { headers: { "x-forwarded-for": address } });
  const first = await open("198.51.100.1");
  expect(await Promise.all([open("198.51.100.1"), open("198.51.100.2")].map(statusOfOpen))).toEqual([
    200, 200,
  ]);
  const refused = await open("198.51.100.1");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]);
  await first.body?.cancel();
  await until(() => broker.clientCount === 2);
  expect((await open("198.51.100.1")).status).toBe(200);
});

const statusOfOpen = async (response: Promise<Response>) => (await response).status;

test("--max-clients-per-address: nobody escapes it by a header that no trusted proxy sent", async () => {
  const { url } = await startConfigured(["--max-clients-per-address", "1"]);
  await Reader.open(`${url}/events`);
  expect(await statusOf(fetch(`${url}/events`, { headers: { "x-forwarded-for": "198.51.100.1" } }))).toBe(
    429,
  );
});

test("--publish-rate: who sends more is told when to come back; others are not held up", async () => {
  const { url, broker } = await startConfigured(["--publish-rate", "1/m", "--trust-proxy", "127.0.0.1"]);
  const from = (address: string) =>
    post(`${url}/publish`, { type: "a", data: 1 }, { "x-forwarded-for": address });
  expect(await statusOf(from("198.51.100.1"))).toBe(200);
  const refused = await from("198.51.100.1");
  expect(refused.status).toBe(429);
  const retryAfter = Number(refused.headers.get("retry-after"));
  expect(retryAfter).toBeGreaterThan(50);
  expect(retryAfter).toBeLessThanOrEqual(60);
  expect(await statusOf(from("198.51.100.2"))).toBe(200);
  expect(broker.totals.published).toBe(2);
});

const batchOf = (length: number) => Array.from({ length }, () => ({ type: "a", data: 1 }));

test("--publish-rate counts by key where there is one, and each event of a batch before it is kept", async () => {
  const { url, broker } = await startConfigured(["--publish-rate", "5/s", "--publish-key", "one two"]);
  const by = (key: string) => ({ authorization: `Bearer ${key}` });
  for (const count of [10_000, 6]) {
    const refused = await post(`${url}/publish/batch`, batchOf(count), by("one"));
    // No rest makes it fit.
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([413, null]);
    expect(await refused.json()).toMatchObject({ detail: "at 5 events a second, a batch has 5 at most" });
  }
  expect(broker.totals.published).toBe(0);
  expect(await statusOf(post(`${url}/publish/batch`, batchOf(5), by("two")))).toBe(200);
  const refused = await post(`${url}/publish/batch`, batchOf(5), by("two"));
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  expect(broker.totals.published).toBe(5);
});

test("--publish-rate: a token spends no key's rate, whatever it calls its subject, nor another issuer's", async () => {
  const secret = "a secret of more than thirty-two bytes";
  const flags = ["--publish-rate", "1/h", "--admin-key", "the-admin-key", "--jwt-key", secret];
  const { url } = await startConfigured([...flags, "--trust-proxy", "127.0.0.1"]);
  const publish = async (credential: string | undefined, address = "198.51.100.1") =>
    statusOf(
      post(
        `${url}/publish`,
        { type: "a", data: 1 },
        {
          "x-forwarded-for": address,
          ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
        },
      ),
    );
  const token = (subject: string, issuer: string) =>
    new SignJWT({ tidings: { publish: { topics: ["*"] } } })
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(subject)
      .setIssuer(issuer)
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode(secret));
  const key = new Bun.CryptoHasher("sha256").update("the-admin-key").digest("hex").slice(0, 8);
  for (const subject of ["admin", `key:${key}`, `admin-key ${key}`, "address 198.51.100.1"]) {
    for (const issuer of ["one", "two"]) {
      expect([subject, await publish(await token(subject, issuer))]).toEqual([subject, 200]);
      expect([subject, await publish(await token(subject, issuer))]).toEqual([subject, 429]);
    }
  }
  expect(await publish("the-admin-key")).toBe(200);
  expect(await publish("the-admin-key")).toBe(429);
});

test("--max-token: a longer credential is refused unread", async () => {
  const { url } = await startConfigured(["--max-token", "32B", "--publish-key", "x".repeat(33)]);
  const refused = await post(
    `${url}/publish`,
    { type: "a", data: 1 },
    { authorization: `Bearer ${"x".repeat(33)}` },
  );
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ detail: "a token here is 32 characters at most" });
});
