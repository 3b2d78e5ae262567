import { expect, test } from "bun:test";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { startConfigured } from "../configured.ts";
import { until } from "../until.ts";
import { tlsFlags } from "./certificate.ts";
import { Http2Client } from "./http2-client.ts";

const STREAMS = 100;

test("a hundred streams share one connection, and each has every event", async () => {
  const { url, broker } = await startConfigured(tlsFlags);
  const client = new Http2Client(url);
  const streams = Array.from({ length: STREAMS }, (_, i) => client.open(`/events?topic=${i % 10}`));
  await until(() => broker.clientCount === STREAMS);
  for (let i = 0; i < 50; i++) broker.broadcast({ type: "n", data: i });
  await until(() => streams.every(({ text }) => text.includes("data: 49\n")));
  const expected = Array.from({ length: 50 }, (_, i) => i);
  for (const { text } of streams) {
    expect([...text.matchAll(/event: n\ndata: (\d+)/g)].map(([, n]) => Number(n))).toEqual(expected);
  }
  // A stream that ends is a client that leaves, while the connection goes on.
  streams[0]?.stream.close();
  await until(() => broker.clientCount === STREAMS - 1);
  const published = client.open("/publish", '{"type":"a","data":1}');
  await published.ended;
  expect(await published.status).toBe(200);
  expect(JSON.parse(published.text).recipients).toBe(STREAMS - 1);
  client.session.destroy();
  await until(() => broker.clientCount === 0);
});

test("a stream that is not read falls behind by itself, and has everything once it is read", async () => {
  const { url, broker } = await startConfigured([...tlsFlags, "--history-bytes", "256MiB"]);
  const client = new Http2Client(url);
  const [quick, slow] = [client.open("/events"), client.open("/events")];
  await until(() => broker.clientCount === 2);
  slow.stream.pause();
  // More than a stream's window and the hub's buffers hold, and no more: the texts are searched often.
  const data = "x".repeat(2000);
  const count = 2000;
  for (let i = 0; i < count; i++) {
    broker.broadcast({ type: "n", data });
    if (i % 50 === 0) await Bun.sleep(0);
  }
  const eventsIn = (text: string) => text.split("\nevent: n\n").length - 1;
  await until(() => eventsIn(quick.text) === count);
  // The reader may have the last bytes before the hub knows that there is room again.
  await until(() => broker.behindCount === 1);
  expect(eventsIn(slow.text)).toBeLessThan(count);
  slow.stream.resume();
  await until(() => eventsIn(slow.text) === count);
  expect(slow.text.replaceAll(/event: connected\n.*\n/g, "")).toBe(
    quick.text.replaceAll(/event: connected\n.*\n/g, ""),
  );
});

test("a problem is a problem, and a body's time-out is one, over HTTP/2 too", async () => {
  const { url } = await startConfigured([...tlsFlags, "--body-timeout", "100ms", "--max-body", "1MiB"]);
  const client = new Http2Client(url);
  // It keeps the connection from being idle.
  client.open("/events");
  const malformed = client.open("/publish", "{");
  await malformed.ended;
  expect([await malformed.status, JSON.parse(malformed.text).status]).toEqual([400, 400]);
  const slow = client.session.request({
    ":method": "POST",
    ":path": "/publish",
    "content-type": "application/json",
  });
  slow.on("error", () => {});
  const status = new Promise((resolve) => slow.once("response", (headers) => resolve(headers[":status"])));
  slow.write("{");
  expect(await status).toBe(408);
});

test("curl gets HTTP/2 by itself, and HTTP/1.1 where it asks or the hub has no other", async () => {
  const curl = async (url: string, ...flags: string[]) => {
    const child = Bun.spawn([
      "curl",
      "-sk",
      "-o",
      "/dev/null",
      "-w",
      "%{http_version}",
      ...flags,
      `${url}/status`,
    ]);
    return new Response(child.stdout).text();
  };
  const { url } = await startConfigured(tlsFlags);
  expect(await curl(url)).toBe("2");
  expect(await curl(url, "--http1.1")).toBe("1.1");
  const { url: without } = await startConfigured([...tlsFlags, "--no-http2"]);
  expect(await curl(without)).toBe("1.1");
});

test.skipIf(browserless)(
  "a browser opens a hundred EventSources on one connection",
  async () => {
    const { url, broker } = await startConfigured(tlsFlags);
    const page = await openPage(`${url}/healthz`, { ignoreHTTPSErrors: true });
    const session = await page.context().newCDPSession(page);
    await session.send("Network.enable");
    const connections = new Map<number, string | undefined>();
    session.on("Network.responseReceived", ({ response }) => {
      connections.set(response.connectionId, response.protocol);
    });
    await page.evaluate((count) => {
      const seen: number[] = Array(count).fill(0);
      Object.assign(globalThis, { seen });
      for (let i = 0; i < count; i++) {
        new EventSource(`/events?topic=${i}`).addEventListener("n", () => {
          seen[i] = (seen[i] ?? 0) + 1;
        });
      }
    }, STREAMS);
    await until(() => broker.clientCount === STREAMS);
    for (let i = 0; i < 3; i++) broker.broadcast({ type: "n", data: i });
    await page.waitForFunction(() =>
      (globalThis as unknown as { seen: number[] }).seen.every((n) => n === 3),
    );
    expect([...connections.values()]).toEqual(["h2"]);
    await page.close();
    await until(() => broker.clientCount === 0);
  },
  BROWSER_TIMEOUT,
);

test("HTTP/3, as an experiment: streams, and the end of one", async () => {
  const { url, broker } = await startConfigured([...tlsFlags, "--http3"]);
  const http3 = { protocol: "http3", tls: { rejectUnauthorized: false } } as const;
  const aborter = new AbortController();
  const { body } = await fetch(`${url}/events`, { ...http3, signal: aborter.signal });
  await until(() => broker.clientCount === 1);
  const reader = body?.getReader();
  broker.broadcast({ type: "over-quic", data: 1 });
  for (let text = ""; !text.includes("over-quic"); )
    text += new TextDecoder().decode((await reader?.read())?.value);
  aborter.abort();
  await until(() => broker.clientCount === 0);
});
