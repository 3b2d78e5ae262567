import { expect, test } from "bun:test";
import { connect } from "node:net";
import { Broker } from "../../../src/broker/broker.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { defer } from "../../defer.ts";
import { startHub } from "../../hub.ts";
import { post } from "../../post.ts";
import { until } from "../../until.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

test("its headers keep browsers and proxies from caching, changing or holding it", async () => {
  const { url } = startHub();
  const { response } = await Reader.open(`${url}/events`);
  expect(response.headers.get("content-type")).toBe("text/event-stream;charset=utf-8");
  expect(response.headers.get("cache-control")).toBe("no-cache, no-transform");
  expect(response.headers.get("x-accel-buffering")).toBe("no");
});

test("no header tells what a reader may not read", async () => {
  const { url, broker } = startHub();
  await broker.publish({ type: "n", data: 1, id: "secret", topic: "a", private: true });
  for (const query of ["", "?last_event_id=secret", "?last_event_id=earliest"]) {
    const { response } = await Reader.open(`${url}/events${query}`);
    expect(JSON.stringify([...response.headers])).not.toContain("secret");
    expect(response.headers.has("last-event-id")).toBeFalse();
  }
});

test("no block of it is without data: some clients would make an empty event of that", async () => {
  const { url, broker } = startHub({ broker: new Broker({ keepAlive: 10 }) });
  const { body } = await fetch(`${url}/events?last_event_id=gone`);
  let text = "";
  for await (const bytes of body ?? []) {
    text += new TextDecoder().decode(bytes);
    if (text.split(": keepalive\n").length < 3) continue;
    if (broker.totals.published > 0) break;
    await broker.publish({ type: "n", data: 1, retry: 20 });
    await broker.publish({ type: "n", data: 2 });
  }
  const blocks = text.split("\n\n").slice(0, -1);
  expect(blocks.length).toBeGreaterThanOrEqual(3);
  for (const block of blocks) expect(block).toMatch(/^data: /m);
});

test("`keepalive=event` is sent events that a page can watch for, and others comments", async () => {
  const { url } = startHub({ broker: new Broker({ keepAlive: 20 }) });
  const watching = await Reader.open(`${url}/events?keepalive=event`);
  const other = await Reader.open(`${url}/events`);
  for (const reader of [watching, other]) expect((await reader.next())?.event).toBe("connected");
  const alive = await watching.next();
  expect(alive).toMatchObject({ event: "tidings.alive", data: "{}" });
  // It leaves the page's cursor where it was.
  expect(alive?.id).toBeUndefined();
  expect(watching.comments).toEqual([]);
  expect(await other.comment()).toBe("keepalive");
  await problemOf(await fetch(`${url}/events?keepalive=comment`), 400);
});

test("its first bytes are one block: the waiting time, `connected` and the place where it begins", async () => {
  const { url, broker } = startHub();
  const reader = await Reader.open(`${url}/events`);
  const connected = await reader.next();
  expect(reader.retries).toEqual([3000]);
  expect(connected?.event).toBe("connected");
  expect(connected?.id).toBe(broker.log.place(0));
  expect(JSON.parse(connected?.data ?? "")).toEqual({ client_id: expect.any(String), status: "connected" });
  expect(await (await fetch(`${url}/status`)).json()).toMatchObject({
    status: "active",
    connected_clients: 1,
  });
});

test("topics are exact names, prefixes or all of them; types filter", async () => {
  const { url } = startHub();
  const cases: [query: string, received: number[]][] = [
    ["", [0, 1, 2, 3, 4, 5, 6]],
    ["topic=*", [0, 1, 2, 3, 4, 5, 6]],
    ["topic=orders/1", [0, 1, 6]],
    ["topic=orders/*", [0, 1, 2, 6]],
    ["topic=orders*", [0, 1, 2, 3, 6]],
    ["topic=bills&topic=orders/2", [0, 2, 4, 6]],
    ["topic=bills&topic=bill*", [0, 4, 6]],
    ["topic=gr%C3%B6%C3%9Fe+1%262", [0, 5]],
    ["topic=none", [0]],
    ["type=b", [2, 6]],
    ["type=b&type=a&topic=bills", [0, 4, 6]],
    ["type=none", []],
    ["topic=orders/*&type=a", [0, 1]],
  ];
  const readers = await Promise.all(cases.map(([query]) => Reader.open(`${url}/events?${query}`)));
  for (const reader of readers) await reader.next();
  const events: [type: string, topics: string[]][] = [
    ["a", []],
    ["a", ["orders/1"]],
    ["b", ["orders/2"]],
    ["a", ["orders"]],
    ["a", ["bills"]],
    ["a", ["größe 1&2"]],
    ["b", ["orders/1", "bills", "orders/2"]],
  ];
  await post(
    `${url}/publish/batch`,
    events.map(([type, topics], data) => ({ type, data, topics })),
  );
  for (const [i, [query, received]] of cases.entries()) {
    const got = (await readers[i]?.take(received.length))?.map(([, data]) => data);
    expect({ query, got }).toEqual({ query, got: received });
  }
  // And no more than that: the same again, from the history.
  for (const [query, received] of cases) {
    const reader = await Reader.open(`${url}/events?last_event_id=earliest&${query}`);
    await reader.next();
    const all = await reader.take(received.length + 1);
    expect({ query, all: all.slice(0, -1).map(([, data]) => data), end: all.at(-1) }).toEqual({
      query,
      all: received,
      end: ["tidings.resumed", { from: "earliest", count: received.length }],
    });
  }
});

test("400: what is no topic or type", async () => {
  const { url } = startHub();
  const wrong = [
    "topic=",
    "topic=a%0Ab",
    "topic=%E2%80%8B",
    `topic=${"x".repeat(1025)}`,
    "topic=ok&topic=",
    "type=",
    "type=a%0D",
  ];
  for (const query of wrong) await problemOf(await fetch(`${url}/events?${query}`), 400);
  expect(await (await fetch(`${url}/status`)).json()).toMatchObject({ connected_clients: 0 });
});

test("resumes after an event that is held, and says so", async () => {
  const { url, broker } = startHub();
  await broker.publishBatch(
    ["1", "2", "3", "4"].map((id) => ({ type: "n", data: Number(id), id, topics: [id === "3" ? "b" : "a"] })),
  );
  const reader = await Reader.open(`${url}/events?topic=a`, { "last-event-id": "1" });
  await reader.next();
  expect(await reader.take(3)).toEqual([
    ["n", 2],
    ["n", 4],
    ["tidings.resumed", { from: "1", count: 2 }],
  ]);
  await broker.publishBatch([{ type: "n", data: 5, topics: ["a"] }]);
  expect(await reader.take(1)).toEqual([["n", 5]]);
  // At the head, and after an event it is not subscribed to.
  const atHead = await Reader.open(`${url}/events`, { "last-event-id": "4" });
  await atHead.next();
  expect(await atHead.take(2)).toEqual([
    ["n", 5],
    ["tidings.resumed", { from: "4", count: 1 }],
  ]);
  const other = await Reader.open(`${url}/events?topic=b`, { "last-event-id": "2" });
  await other.next();
  expect(await other.take(2)).toEqual([
    ["n", 3],
    ["tidings.resumed", { from: "2", count: 1 }],
  ]);
});

test("the header wins over the query; an empty one does not", async () => {
  const { url, broker } = startHub();
  await broker.publishBatch(["1", "2", "3"].map((id) => ({ type: "n", data: Number(id), id })));
  const from = async (query: string, headers: Record<string, string>) => {
    const reader = await Reader.open(`${url}/events${query}`, headers);
    await reader.next();
    for (;;) {
      const [event] = await reader.take(1);
      if (event?.[0] === "tidings.resumed") return event[1];
    }
  };
  expect(await from("?last_event_id=1", { "last-event-id": "2" })).toEqual({ from: "2", count: 1 });
  expect(await from("?last_event_id=1", { "last-event-id": "" })).toEqual({ from: "1", count: 2 });
  expect(await from("?last_event_id=1", {})).toEqual({ from: "1", count: 2 });
  expect(await from("?last_event_id=2", { "last-event-id": "earliest" })).toEqual({
    from: "earliest",
    count: 3,
  });
});

test("an id that is not held is a gap: it says so before all that is held", async () => {
  const { url, broker } = startHub({
    broker: new Broker({ store: new MemoryStore({ events: 3, bytes: 1e9 }) }),
  });
  const none = await Reader.open(`${url}/events?last_event_id=gone`);
  await none.next();
  expect(await none.take(2)).toEqual([
    ["tidings.gap", { requested: "gone", earliest: null }],
    ["tidings.resumed", { from: "gone", count: 0 }],
  ]);
  await broker.publishBatch(["1", "2", "3", "4", "5"].map((id) => ({ type: "n", data: Number(id), id })));
  for (const requested of ["2", 'größe → "x"', "x".repeat(5000), "a\r\ndata: forged\r\n\r\n"]) {
    const reader = await Reader.open(`${url}/events?last_event_id=${encodeURIComponent(requested)}`);
    await reader.next();
    expect(await reader.take(5)).toEqual([
      ["tidings.gap", { requested, earliest: broker.log.place(3) }],
      ["n", 3],
      ["n", 4],
      ["n", 5],
      ["tidings.resumed", { from: requested, count: 3 }],
    ]);
  }
  // The oldest of those that are not wanted counts as held, too.
  const filtered = await Reader.open(`${url}/events?type=other`, { "last-event-id": "1" });
  await filtered.next();
  expect(await filtered.take(2)).toEqual([
    ["tidings.gap", { requested: "1", earliest: broker.log.place(3) }],
    ["tidings.resumed", { from: "1", count: 0 }],
  ]);
});

test("the hub's own events have no id but the first, so a browser's cursor stays where it was", async () => {
  const { url, broker } = startHub();
  await broker.publishBatch([{ type: "n", data: 1, id: "1" }]);
  const reader = await Reader.open(`${url}/events?last_event_id=gone`);
  for (const expected of ["connected", "tidings.gap", "n", "tidings.resumed"]) {
    const event = await reader.next();
    expect(event?.event).toBe(expected);
    const ids: Record<string, string> = { connected: "gone", n: "1" };
    expect(event?.id).toBe(ids[expected] as never);
  }
});

test("nothing is lost or repeated at the hand-over from replay to live, while others publish", async () => {
  const { url, broker } = startHub();
  let last = 0;
  const publish = () => broker.publishBatch([{ type: "n", data: ++last, id: String(last) }]);
  while (last < 2000) await publish();
  let done = false;
  const publishing = (async () => {
    while (!done) await publish();
  })();
  const from = Array.from({ length: 20 }, (_, n) => 1 + n * 100);
  const readers = await Promise.all(
    from.map((id) => Reader.open(`${url}/events`, { "last-event-id": String(id) })),
  );
  await until(() => last > 6000);
  done = true;
  await publishing;
  const end = last;
  for (const [i, reader] of readers.entries()) {
    await reader.next();
    let expected = from[i] ?? 0;
    let resumed = 0;
    while (expected < end) {
      const [[type, data] = []] = await reader.take(1);
      if (type === "tidings.resumed") resumed++;
      else expect(data).toBe(++expected);
    }
    expect(resumed).toBe(1);
  }
});

for (const how of ["destroys its socket", "destroys it while the hub writes", "ends its side"] as const) {
  test(`a client that ${how} is removed`, async () => {
    const { url, broker } = startHub();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(`GET /events HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
    await until(() => broker.clientCount === 1);
    if (how === "destroys it while the hub writes") {
      socket.pause();
      const data = "x".repeat(1_000_000);
      // More than all buffers on the way can hold.
      for (let n = 0; n < 20; n++) await broker.publishBatch([{ type: "n", data }]);
    }
    if (how === "ends its side") socket.end();
    else socket.destroy();
    await until(() => broker.clientCount === 0);
    socket.destroy();
  });
}

test("a HEAD asks for the headers alone, and is no client", async () => {
  const { url, broker } = startHub();
  const response = await fetch(`${url}/events`, { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream;charset=utf-8");
  // Which would be that of the stream (RFC 9110, section 8.6), and that has none.
  expect(response.headers.has("content-length")).toBeFalse();
  expect(broker.totals.connected).toBe(0);
});

/** The first answer to a request whose bytes are as given. */
async function rawAnswer(url: string, ...headers: Uint8Array[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  defer(() => socket.destroy());
  socket.write(
    Buffer.concat([Buffer.from(`GET /events HTTP/1.1\r\nhost: ${hostname}:${port}\r\n`), ...headers]),
  );
  socket.write("\r\n\r\n");
  let text = "";
  for await (const bytes of socket) {
    text += bytes;
    if (text.includes("tidings.resumed")) break;
  }
  return text;
}

test("an id comes back in UTF-8, as browsers send it, or in Latin-1", async () => {
  const { url, broker } = startHub();
  for (const id of ["größe", "next"]) await broker.publish({ type: "n", data: id, id });
  for (const encoding of ["utf8", "latin1"] as const) {
    const answer = await rawAnswer(url, Buffer.from("last-event-id: größe", encoding));
    expect(answer).toContain('data: {"from":"größe","count":1}');
    expect(answer).not.toContain("tidings.gap");
  }
});

test("`format` is json, which it is anyway, and nothing else yet", async () => {
  const { url, broker } = startHub();
  const reader = await Reader.open(`${url}/events?format=json`);
  await reader.next();
  await broker.publish({ type: "n", data: { a: 1 } });
  expect(await reader.take(1)).toEqual([["n", { a: 1 }]]);
  await problemOf(await fetch(`${url}/events?format=xml`), 400);
});
