import { expect, test } from "bun:test";
import { Authority } from "../../../src/auth/authority.ts";
import { KeysUnavailable } from "../../../src/auth/tokens.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { keyAccess } from "../../../src/http/access/access.ts";
import { Busy } from "../../../src/http/answer/busy.ts";
import { Problem } from "../../../src/http/answer/problem.ts";
import { startConfigured } from "../../configured.ts";
import { startHub } from "../../hub.ts";
import { post } from "../../post.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

const STREAM = { accept: "text/event-stream" };

/** What a reader is told, which must be that the hub is busy. */
async function busyAnswer(url: string, accept = STREAM.accept) {
  const response = await fetch(url, { headers: { accept } });
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "text/event-stream;charset=utf-8",
  ]);
  const text = await response.text();
  const [, retry, data] = /^retry: (\d+)\nevent: tidings\.busy\ndata: (.*)\n\n$/.exec(text) ?? [];
  const told = JSON.parse(data ?? "null") as { reason: string; retry_after: number };
  expect(response.headers.get("retry-after")).toBe(String(told.retry_after));
  expect(Math.ceil(Number(retry) / 1000)).toBe(told.retry_after);
  return { reason: told.reason, retry: Number(retry) };
}

test("a full hub tells a stream's reader when to come back; anyone else gets the status", async () => {
  const { url } = await startConfigured(["--max-clients", "1"]);
  await Reader.open(`${url}/events`);
  const { reason, retry } = await busyAnswer(`${url}/events`);
  expect(reason).toBe("full");
  expect(retry).toBeGreaterThanOrEqual(10_000);
  for (const accept of [
    "*/*",
    "text/*",
    "application/json",
    "text/event-stream;q=0",
    "x-text/event-stream",
  ]) {
    const refused = await fetch(`${url}/events`, { headers: { accept } });
    expect([accept, refused.status]).toEqual([accept, 503]);
  }
  for (const accept of ["text/html, Text/Event-Stream;q=0.5", "text/event-stream; charset=utf-8"]) {
    expect((await busyAnswer(`${url}/events`, accept)).reason).toBe("full");
  }
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('tidings_busy_total{reason="full"} 3\n');
});

test("so it does for an address that has its share, and while it stops", async () => {
  const shared = await startConfigured(["--max-clients-per-address", "1"]);
  await Reader.open(`${shared.url}/events`);
  expect((await busyAnswer(`${shared.url}/events`)).reason).toBe("address-full");

  const broker = new Broker();
  const { url } = startHub({ broker });
  await broker.close();
  expect((await busyAnswer(`${url}/events`)).reason).toBe("draining");
  expect((await busyAnswer(`${url}/console/feed`)).reason).toBe("draining");
});

test("so it does while it can't have the keys to check a token with", async () => {
  const find = () => Promise.reject(new KeysUnavailable("no answer"));
  const access = keyAccess(new Authority({ tokens: { algorithms: ["HS256"], find, holds: () => true } }));
  const request = new Request("http://localhost/events", {
    headers: { authorization: "Bearer eyJhbGciOiJIUzI1NiJ9.e30.e30" },
  });
  const problem = await Promise.resolve(access(request)).catch((error: unknown) => error);
  expect(problem).toMatchObject({ status: 503, type: "keys-unavailable", retryAfter: 5 });
});

test("what will not pass keeps its status, for readers of streams too", async () => {
  const { url } = startHub();
  expect((await fetch(`${url}/events?topic=%00`, { headers: STREAM })).status).toBe(400);
  expect((await fetch(`${url}/events`, { headers: { ...STREAM, origin: "http://evil.test" } })).status).toBe(
    403,
  );
  expect((await fetch(`${url}/nowhere`, { headers: STREAM })).status).toBe(404);
});

test("a publisher is never told 200 for an event that was refused", async () => {
  const { url, broker } = startHub();
  await broker.close();
  const refused = await post(`${url}/publish`, { type: "a", data: 1 }, STREAM);
  expect(await problemOf(refused, 503)).toMatchObject({ type: "draining", title: "The hub is stopping" });
});

test("no two readers are told the same wait, and a crowd is told a longer one", async () => {
  let now = 0;
  const busy = new Busy(() => now);
  const request = new Request("http://localhost/events", { headers: STREAM });
  const problem = new Problem(503, "full", { type: "full", retryAfter: 1 });
  const waits = (count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const text = await busy.answer(problem, request)?.text();
        return Number(/^retry: (\d+)$/m.exec(text ?? "")?.[1]);
      }),
    );
  const first = await waits(100);
  expect(new Set(first).size).toBeGreaterThan(80);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(1000);
  expect(Math.max(...first)).toBeLessThanOrEqual(2000);
  await waits(20_000);
  expect(Math.min(...(await waits(10)))).toBeGreaterThan(20_000);
  // The crowd is forgotten.
  now += 600_000;
  expect(Math.max(...(await waits(10)))).toBeLessThanOrEqual(2000);
});
