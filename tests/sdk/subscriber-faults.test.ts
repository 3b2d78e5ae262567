import { expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { type AnyEvents, createPublisher, createSubscriber, type Reconnect } from "tidings/sdk";
import { defer } from "../defer.ts";
import { freePort } from "../free-port.ts";
import { startHub } from "../hub.ts";
import { busy, never, startFaultyHub, stream } from "./faulty-hub.ts";

// Every stream asks for a short wait, so that the tests need not wait long.
const HELLO = 'retry: 50\n\nevent: connected\ndata: {"client_id":"c1","status":"connected"}\n\n';
const TIME = "2026-01-31T09:30:00.000Z";
const event = (id: string, data: unknown = id) =>
  `id: ${id}\nevent: n\ndata: ${JSON.stringify({ id, type: "n", topics: ["a"], time: TIME, data })}\n\n`;

test("an event half received when the connection is cut is not given out, and comes whole after it", async () => {
  const { url, requests } = startFaultyHub(
    stream([HELLO, event("1"), 'id: 2\nevent: n\ndata: {"half":']),
    stream([HELLO, event("2"), event("3").slice(0, -1)]),
    stream([HELLO, event("3")], { open: true }),
  );
  expect(await take(url, 3)).toEqual(["1", "2", "3"]);
  expect(requests.map(({ headers }) => headers.get("last-event-id"))).toEqual([null, "1", "2"]);
});

test("an event that was given out is not given out again when the hub goes back further than need be", async () => {
  const { url } = startFaultyHub(
    stream([HELLO, event("1"), event("2"), event("3")]),
    stream([HELLO, event("2"), event("1"), event("3"), event("4")]),
  );
  expect(await take(url, 4)).toEqual(["1", "2", "3", "4"]);
});

test("characters and line ends that are split between chunks stay whole", async () => {
  const bytes = new TextEncoder().encode(`${HELLO}${event("→", "größe")}`.replaceAll("\n", "\r\n"));
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
  const { url } = startFaultyHub(stream(single, { open: true }));
  for await (const received of createSubscriber<AnyEvents>({ url })) {
    expect(received).toEqual({ id: "→", type: "n", topics: ["a"], time: TIME, data: "größe" });
    break;
  }
});

test("a connection on which nothing comes is given up", async () => {
  const { url, requests } = startFaultyHub(
    never,
    stream([HELLO, event("1")], { open: true }),
    stream([HELLO, event("2")], { open: true }),
  );
  const reasons: unknown[] = [];
  const received = await take(url, 2, {
    idleTimeout: 300,
    onReconnect: ({ error }) => reasons.push(error?.message),
  });
  expect(received).toEqual(["1", "2"]);
  expect(requests).toHaveLength(3);
  expect(reasons).toEqual([
    expect.stringContaining("no answer within 300 ms"),
    expect.stringContaining("nothing received for 300 ms"),
  ]);
});

test("keep-alives are a sign of life", async () => {
  const quiet = Array.from({ length: 100 }, () => ": keepalive\n\n");
  const { url, requests } = startFaultyHub(stream([HELLO, ...quiet, event("1")], { open: true }));
  expect(await take(url, 1, { idleTimeout: 400 })).toEqual(["1"]);
  expect(requests).toHaveLength(1);
});

test("a busy or broken hub is asked again, no sooner than it says and less often each time", async () => {
  const { url } = startFaultyHub(
    stream([HELLO]),
    busy(500, "0"),
    busy(502, "0"),
    busy(503, "1"),
    stream([HELLO, event("1")], { open: true }),
  );
  const reconnects: Reconnect[] = [];
  expect(await take(url, 1, { onReconnect: (reconnect) => reconnects.push(reconnect) })).toEqual(["1"]);
  expect(reconnects.map(({ attempt, error }) => [attempt, error?.status])).toEqual([
    [1, undefined],
    [2, 500],
    [3, 502],
    [4, 503],
  ]);
  const [first = 0, second = 0, third = 0, fourth = 0] = reconnects.map(({ delay }) => delay);
  expect(first).toBeWithin(25, 50.1);
  expect(second).toBeWithin(50, 100.1);
  expect(third).toBeWithin(100, 200.1);
  expect(fourth).toBe(1000);
});

test("a hub that asks for no wait at all is still not asked in a tight loop", async () => {
  const { url } = startFaultyHub(stream(["retry: 0\n\n"]), stream([HELLO, event("1")], { open: true }));
  const delays: number[] = [];
  await take(url, 1, { onReconnect: ({ delay }) => delays.push(delay) });
  expect(delays[0]).toBeGreaterThanOrEqual(25);
});

test("a hub tells where the stream begins, so nothing is missed before the first event either", async () => {
  const cases = [[], [{ type: "n", data: 0, id: "größe" }]].map(async (before) => {
    const hub = startHub({ port: freePort() });
    await hub.broker.publishBatch(before);
    const opened = Promise.withResolvers<void>();
    const events = take(hub.url, 1, {
      onOpen: () => opened.resolve(),
      onReconnect({ attempt }) {
        // Published while nobody is connected; then the hub is there again.
        if (attempt > 1) return;
        void hub.broker.publishBatch([{ type: "n", data: 1, id: "1" }]).then(() => {
          startHub({ port: Number(new URL(hub.url).port), broker: hub.broker });
        });
      },
    });
    await opened.promise;
    await hub.stop();
    expect(await events).toEqual(["1"]);
  });
  await Promise.all(cases);
});

test("204 says that there is nothing to come", async () => {
  const { url } = startFaultyHub(() => new Response(null, { status: 204 }));
  expect(await take(url, 1)).toEqual([]);
});

test("401 and 403 are thrown, and something that is no hub", async () => {
  for (const status of [401, 403]) {
    expect(take(startFaultyHub(busy(status, "0")).url, 1)).rejects.toMatchObject({ status });
  }
  const page = startFaultyHub(() => new Response("<h1>Welcome</h1>"));
  expect(take(page.url, 1)).rejects.toThrow("not a Tidings hub");
  const text = startFaultyHub(stream([HELLO, "id: 1\nevent: n\ndata: {\n\n"]));
  expect(take(text.url, 1)).rejects.toThrow("no envelope");
});

test("sends its token, topics and types", async () => {
  const { url, requests } = startFaultyHub(stream([HELLO, event("1")], { open: true }));
  await take(url, 1, { token: () => "secret", topics: ["a&b", "c/*"], types: ["n", "é"] });
  expect(requests[0]?.headers.get("authorization")).toBe("Bearer secret");
  expect(requests[0]?.url.searchParams.getAll("topic")).toEqual(["a&b", "c/*"]);
  expect(requests[0]?.url.searchParams.getAll("type")).toEqual(["n", "é"]);
});

test("a consumer that does not read holds the hub's bytes back", async () => {
  const frame = event("", "x".repeat(64 * 1024)).replace("id: \n", "");
  let written = 0;
  const { url } = startFaultyHub(() => {
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        written++;
        controller.enqueue(encoder.encode(written === 1 ? HELLO + event("1") : frame));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  for await (const _ of createSubscriber<AnyEvents>({ url })) {
    let before = -1;
    // Until nothing more is taken, which never comes if everything is.
    while (written !== before) {
      before = written;
      await Bun.sleep(100);
    }
    break;
  }
  expect(written).toBeLessThan(2000);
});

/** The ids of the next events, fewer if the stream ends. */
async function take(
  url: string,
  count: number,
  options: Omit<Parameters<typeof createSubscriber<AnyEvents>>[0], "url"> = {},
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of createSubscriber<AnyEvents>({ url, ...options })) {
    ids.push(id);
    if (ids.length === count) break;
  }
  return ids;
}

test("a hub that is busy is a failure, and is tried again when it asks for it", async () => {
  const told = 'retry: 60\nevent: tidings.busy\ndata: {"reason":"full","retry_after":0.06}\n\n';
  const { url, requests } = startFaultyHub(
    stream([told]),
    stream([told]),
    stream([HELLO, event("1")], { open: true }),
  );
  const reconnects: Reconnect[] = [];
  expect(await take(url, 1, { onReconnect: (one) => reconnects.push(one) })).toEqual(["1"]);
  expect(requests).toHaveLength(3);
  expect(reconnects.map(({ attempt, error }) => [attempt, error?.status, error?.problem.type])).toEqual([
    [1, 503, "full"],
    [2, 503, "full"],
  ]);
  expect(reconnects[0]?.delay).toBeGreaterThanOrEqual(60);
});

test("what answers with something else than HTTP, or with headers too large to read, is not asked again", async () => {
  const answers = [
    "SSH-2.0-OpenSSH_9.2\r\n",
    `HTTP/1.1 403 Forbidden\r\n${Array.from({ length: 3000 }, (_, i) => `x-${i}: y\r\n`).join("")}\r\n`,
  ];
  for (const answer of answers) {
    const server = createServer((socket) =>
      socket.on("error", () => {}).once("data", () => socket.end(answer)),
    );
    defer(() => server.close());
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const onReconnect = () => {
      throw new Error("it is asked again");
    };
    await expect(take(url, 1, { onReconnect })).rejects.toMatchObject({
      status: 0,
      problem: { title: "not a Tidings hub" },
    });
    const publisher = createPublisher<AnyEvents>({ url });
    await expect(publisher.publish("n", 1)).rejects.toThrow("can't be read");
  }
});

test("goes on from the places that the hub tells without an event", async () => {
  const hello = (id: string) => HELLO.replace("event: connected\n", `event: connected\nid: ${id}\n`);
  const { url, requests } = startFaultyHub(
    stream([hello("w-1")]),
    stream([hello("w-1"), "event: tidings.position\nid: w-5\ndata: {}\n\n"]),
    stream([HELLO, "event: tidings.alive\ndata: {}\n\n", event("1")], { open: true }),
  );
  expect(await take(url, 1)).toEqual(["1"]);
  expect(requests.map(({ headers }) => headers.get("last-event-id"))).toEqual([null, "w-1", "w-5"]);
});

test("tells of a gap in mid-stream, and goes on", async () => {
  const gap = { requested: "w-1", earliest: "w-9" };
  const { url } = startFaultyHub(
    stream([HELLO, event("1"), `event: tidings.gap\ndata: ${JSON.stringify(gap)}\n\n`, event("9")], {
      open: true,
    }),
  );
  const gaps: unknown[] = [];
  expect(await take(url, 2, { onGap: (told) => gaps.push(told) })).toEqual(["1", "9"]);
  expect(gaps).toEqual([gap]);
});

test("asks for a ticket before every connection, and says where it was", async () => {
  const { url, requests } = startFaultyHub(
    stream([HELLO, event("1")]),
    stream([HELLO, event("2")], { open: true }),
  );
  let tickets = 0;
  const reasons: unknown[] = [];
  const received = await take(url, 2, {
    async ticket() {
      tickets++;
      if (tickets === 2) throw new Error("the page's own server is away");
      return `ticket ${tickets}`;
    },
    onReconnect: ({ error }) => reasons.push(error?.message),
  });
  expect(received).toEqual(["1", "2"]);
  expect(
    requests.map((one) => [one.url.searchParams.get("ticket"), one.headers.get("last-event-id")]),
  ).toEqual([
    ["ticket 1", null],
    ["ticket 3", "1"],
  ]);
  expect(reasons).toEqual([undefined, "no token or ticket: the page's own server is away"]);
});
