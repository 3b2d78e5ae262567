import { expect, test } from "bun:test";
import { Broker } from "../../../src/broker/broker.ts";
import { startHub } from "../../hub.ts";
import { post, postText } from "../../post.ts";
import { stored } from "../../sdk/stored.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

test("answers with the event's id and for how many clients it is", async () => {
  const { url } = startHub();
  const readers = await Promise.all(
    ["topic=a", "topic=b*", "type=other"].map((q) => Reader.open(`${url}/events?${q}`)),
  );
  for (const reader of readers) await reader.next();
  const answer = await post(`${url}/publish`, {
    type: "n",
    data: { a: [1, null] },
    topics: ["a", "b/1"],
    id: "one",
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toStartWith("application/json");
  expect(await answer.json()).toEqual({ id: "one", recipients: 2 });
  for (const reader of readers.slice(0, 2)) {
    expect(await reader.next()).toEqual({ id: "one", event: "n", data: '{"a":[1,null]}' });
  }
  const everyone = await post(`${url}/publish`, { type: "other", data: null });
  expect(await everyone.json()).toEqual({ id: expect.any(String), recipients: 3 });
});

test("takes one topic as `topic`, and content types with parameters", async () => {
  const { url, broker } = startHub();
  const event = JSON.stringify({ type: "n", data: 1, topic: "a", topics: ["b"] });
  for (const type of [
    "application/json",
    "Application/JSON; charset=utf-8",
    "application/json;charset=UTF-8",
  ]) {
    expect((await postText(`${url}/publish`, event, { "content-type": type })).status).toBe(200);
  }
  expect((await broker.log.read(0, 1)).entries[0]?.topics).toEqual(["a", "b"]);
});

test("gives ids of its own that are all different", async () => {
  const { url } = startHub();
  const ids = new Set<string>();
  for (let n = 0; n < 20; n++)
    ids.add(((await (await post(`${url}/publish`, { type: "n", data: n })).json()) as { id: string }).id);
  expect(ids.size).toBe(20);
});

test("keeps numbers of any size as they came", async () => {
  const { url } = startHub();
  const reader = await Reader.open(`${url}/events`);
  await reader.next();
  const data = '{"snowflake":1234567890123456789,"huge":1e400,"list":[0.1,-9007199254740993]}';
  await postText(`${url}/publish`, `{"type":"n","data":${data}}`);
  await postText(`${url}/publish/batch`, `[{"type":"n","data":${data}}]`);
  expect((await reader.next())?.data).toBe(data);
  expect((await reader.next())?.data).toBe(data);
});

test("the same id with the same content answers as the first time and delivers nothing", async () => {
  const { url } = startHub();
  const reader = await Reader.open(`${url}/events`);
  await reader.next();
  const event = { type: "n", data: { a: 1, b: 2 }, topics: ["t"], id: "x", retry: 10 };
  const first = await (await post(`${url}/publish`, event)).json();
  expect(first).toEqual({ id: "x", recipients: 1 });
  // As the first time, also when there are more clients by now.
  const later = await Reader.open(`${url}/events`);
  await later.next();
  expect(await (await post(`${url}/publish`, event)).json()).toEqual({
    id: "x",
    recipients: 1,
    duplicate: true,
  });
  // The members of an object have no order.
  const turned = await post(`${url}/publish`, { ...event, data: { b: 2, a: 1 } });
  expect(await turned.json()).toMatchObject({ duplicate: true });
  const concurrent = await Promise.all(
    Array.from({ length: 20 }, () => post(`${url}/publish`, { ...event, id: "y" })),
  );
  const answers = (await Promise.all(concurrent.map((answer) => answer.json()))) as { duplicate?: boolean }[];
  expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  await post(`${url}/publish`, { type: "end", data: null });
  expect((await reader.take(3)).map(([type]) => type)).toEqual(["n", "n", "end"]);
  expect((await later.take(2)).map(([type]) => type)).toEqual(["n", "end"]);
});

test("409: the same id with other content", async () => {
  const { url } = startHub();
  const event = { type: "n", data: 1, topics: ["t"], id: "x" };
  await post(`${url}/publish`, event);
  const others = [{ type: "m" }, { data: 2 }, { retry: 1 }, { private: true }];
  for (const other of others) {
    const { detail } = await problemOf(await post(`${url}/publish`, { ...event, ...other }), 409);
    expect(detail).toContain('"x"');
  }
  await problemOf(
    await post(`${url}/publish/batch`, [
      { type: "n", data: 0, id: "new" },
      { ...event, data: 2 },
    ]),
    409,
  );
  await problemOf(
    await post(`${url}/publish/batch`, [
      { type: "n", data: 0, id: "z" },
      { type: "n", data: 1, id: "z" },
    ]),
    409,
  );
  expect((await stored(url)).map(({ id }) => id)).toEqual(["x"]);
});

test("400: what is not JSON", async () => {
  const { url } = startHub();
  const bodies: BodyInit[] = [
    "",
    "{",
    "{'type':1}",
    '{"type":"n","data":1}x',
    "undefined",
    "NaN",
    '{"type":"n","data":01}',
  ];
  // In the right encoding but for one byte; and in another.
  bodies.push(Uint8Array.of(0x22, 0xff, 0x22), Buffer.from('{"type":"n","data":1}', "utf16le"));
  for (const path of ["/publish", "/publish/batch"]) {
    for (const body of bodies) await problemOf(await postText(url + path, body), 400);
  }
  expect(await stored(url)).toEqual([]);
});

test("415: what is not declared as JSON, such as a cross-site form", async () => {
  const { url } = startHub();
  const types = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/json",
    "application/jsonp",
    "text/plain; application/json",
    "",
  ];
  for (const path of ["/publish", "/publish/batch"]) {
    for (const type of types) {
      await problemOf(await postText(url + path, '{"type":"n","data":1}', { "content-type": type }), 415);
    }
    const bytes = new TextEncoder().encode('{"type":"n","data":1}');
    await problemOf(await fetch(url + path, { method: "POST", body: bytes }), 415);
  }
  expect(await stored(url)).toEqual([]);
});

test("415: a body that is compressed", async () => {
  const { url } = startHub();
  const body = Bun.gzipSync('{"type":"n","data":1}');
  const refused = await postText(`${url}/publish`, body, { "content-encoding": "gzip" });
  expect(refused.headers.get("accept-encoding")).toBe("identity");
  await problemOf(refused, 415);
  const plain = await postText(`${url}/publish`, '{"type":"n","data":1}', { "content-encoding": "identity" });
  expect(plain.status).toBe(200);
});

test("422: every failing path is listed, and nothing is delivered", async () => {
  const { url } = startHub();
  const cases: [body: unknown, paths: string[]][] = [
    [null, [""]],
    ["text", [""]],
    [[], [""]],
    [{}, ["/data", "/type"]],
    [{ type: "n" }, ["/data"]],
    [{ type: 1, data: 1 }, ["/type"]],
    [{ type: "", data: 1 }, ["/type"]],
    [{ type: "two\nlines", data: 1 }, ["/type"]],
    [{ type: "nul\0", data: 1 }, ["/type"]],
    [{ type: "c1\u0085", data: 1 }, ["/type"]],
    [{ type: "\ud800", data: 1 }, ["/type"]],
    [{ type: "é".repeat(513), data: 1 }, ["/type"]],
    [{ type: "connected", data: 1 }, ["/type"]],
    [{ type: "tidings.", data: 1 }, ["/type"]],
    [{ type: "tidings.mine", data: 1 }, ["/type"]],
    [{ type: "error", data: 1 }, ["/type"]],
    [{ type: "open", data: 1 }, ["/type"]],
    [{}, ["/data", "/type"]],
    [{ type: "n", data: 1, id: "" }, ["/id"]],
    [{ type: "n", data: 1, id: "a\rb" }, ["/id"]],
    [{ type: "n", data: 1, id: "earliest" }, ["/id"]],
    [{ type: "n", data: 1, id: " x" }, ["/id"]],
    [{ type: "n", data: 1, id: 7 }, ["/id"]],
    [{ type: "n", data: 1, id: "bcdfghjkmnpq-7" }, ["/id"]],
    [{ type: "n", data: 1, retry: -1 }, ["/retry"]],
    [{ type: "n", data: 1, retry: 1.5 }, ["/retry"]],
    [{ type: "n", data: 1, retry: "1" }, ["/retry"]],
    [{ type: "n", data: 1, retry: 1e300 }, ["/retry"]],
    [{ type: "n", data: 1, private: "yes" }, ["/private"]],
    [{ type: "n", data: 1, private: true }, ["/topics"]],
    [{ type: "n", data: 1, topics: "a" }, ["/topics"]],
    [
      { type: "n", data: 1, topics: ["a", "", "*", "b\u200b", "c\n", 1, "x".repeat(1025)] },
      [1, 2, 3, 4, 5, 6].map((n) => `/topics/${n}`),
    ],
    [{ type: "n", data: 1, topics: Array(101).fill("a") }, ["/topics"]],
    [{ type: "n", data: 1, topic: "*" }, ["/topic"]],
    [{ type: "n", data: 1, topic: "orders/*" }, ["/topic"]],
    [{ type: "n", data: 1, topic: "" }, ["/topic"]],
    [{ type: "n", data: 1, topics: ["orders/*", "orders*"] }, ["/topics/0", "/topics/1"]],
    [{ type: "n", data: 1, topcs: ["a"], Id: "x" }, ["/Id", "/topcs"]],
    [
      {
        type: "notification",
        data: { id: 1, source: "s", severity: "fatal", time: "now", more: true },
        id: "\n",
      },
      ["/data/id", "/data/message", "/data/severity", "/data/time", "/id"],
    ],
    [
      {
        type: "health-update",
        data: {
          overall_status: "ok",
          healthy_count: -1,
          total_services: 1.5,
          total_metrics: 0,
          timestamp: "2026-02-30T00:00:00Z x",
        },
      },
      ["/data/healthy_count", "/data/timestamp", "/data/total_services"],
    ],
    [{ type: "metrics-update", data: null }, ["/data"]],
  ];
  for (const [body, paths] of cases) {
    const { errors = [] } = await problemOf(await post(`${url}/publish`, body), 422);
    expect({ body, paths: errors.map(({ path }) => path).sort() }).toEqual({ body, paths });
    for (const { message } of errors) expect(message).not.toBe("");
  }
  expect(await stored(url)).toEqual([]);
});

test("422: JSON that is nested too deeply, without straining the hub", async () => {
  const { url } = startHub();
  for (const depth of [600, 100_000, 1_000_000]) {
    const body = `{"type":"n","data":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const { errors } = await problemOf(await postText(`${url}/publish`, body), 422);
    expect(errors).toEqual([{ path: "", message: expect.stringContaining("512 levels") }]);
  }
});

test("422: an event of a short batch that is nested too deeply, by one level too", async () => {
  const { url } = startHub();
  const batch = (depth: number) => {
    const data = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    return postText(`${url}/publish/batch`, `[{"type":"n","data":1},{"type":"n","data":${data}}]`);
  };
  expect((await batch(511)).status).toBe(200);
  for (const depth of [512, 16_000]) {
    const { errors } = await problemOf(await batch(depth), 422);
    expect(errors).toEqual([{ path: "/1", message: expect.stringContaining("512 levels") }]);
  }
});

test("what is allowed is accepted, up to the limits", async () => {
  const { url } = startHub();
  const long = "x".repeat(1024);
  const events = [
    { type: long, data: 0, id: long, topics: [long] },
    { type: "Connected", data: false, id: "Earliest" },
    { type: "tidings", data: "", retry: 0 },
    { type: "a b:c\u2028\ufeff", data: "\r\n\0\u2028", id: "größe → 🜁", topics: ["**/a", "a*b", "é/*/"] },
    { type: "n", data: {}, topics: Array.from({ length: 100 }, (_, n) => `t${n}`) },
    { type: "n", data: 1, topics: ["a", "a"], retry: Number.MAX_SAFE_INTEGER },
    { type: "nav-badge-update", data: { path: "/", badge: "", more: ["is", "accepted"] } },
    { type: "__proto__", data: { __proto__: 1 }, id: "constructor", topics: ["__proto__"] },
  ];
  for (const event of events) {
    expect([event, (await post(`${url}/publish`, event)).status]).toEqual([event, 200]);
  }
  const kept = await stored(url);
  expect(kept.map(({ type, data }) => [type, data])).toEqual(
    events.map(({ type, data }): [string, unknown] => [type, JSON.parse(JSON.stringify(data))]),
  );
});

test("a batch is published in its order, with an id for each", async () => {
  const { url } = startHub();
  const reader = await Reader.open(`${url}/events?topic=a`);
  await reader.next();
  const events = Array.from({ length: 10_000 }, (_, n) => ({
    type: "n",
    data: n,
    ...(n % 2 && { topics: ["b"] }),
  }));
  const { ids, recipients } = (await (await post(`${url}/publish/batch`, events)).json()) as {
    ids: string[];
    recipients: number;
  };
  expect(new Set(ids).size).toBe(10_000);
  expect(recipients).toBe(5000);
  expect((await reader.take(5000)).map(([, data]) => data)).toEqual(
    Array.from({ length: 5000 }, (_, n) => 2 * n),
  );
  expect((await stored(url)).map(({ id }) => id)).toEqual(ids);
  const empty = await post(`${url}/publish/batch`, []);
  expect([empty.status, await empty.json()]).toEqual([200, { ids: [], recipients: 0 }]);
});

test("a batch counts what had been published before", async () => {
  const { url } = startHub();
  await post(`${url}/publish`, { type: "n", data: 1, id: "one" });
  const answer = await post(`${url}/publish/batch`, [
    { type: "n", data: 1, id: "one" },
    { type: "n", data: 2, id: "two" },
    { type: "n", data: 2, id: "two" },
  ]);
  expect(await answer.json()).toEqual({ ids: ["one", "two", "two"], recipients: 0, duplicates: 2 });
  expect((await stored(url)).map(({ id }) => id)).toEqual(["one", "two"]);
});

test("all of a batch is published, or nothing", async () => {
  const { url } = startHub();
  const good = Array.from({ length: 50 }, (_, n) => ({ type: "n", data: n }));
  const cases: [bad: unknown, paths: string[]][] = [
    [{ type: "n" }, ["/20/data"]],
    [{ type: "connected", data: 1, id: "" }, ["/20/id", "/20/type"]],
    [{ type: "trace-update", data: { span_count: -1 } }, ["/20/data/span_count", "/20/data/trace_id"]],
    [null, ["/20"]],
  ];
  for (const [bad, paths] of cases) {
    const batch = good.toSpliced(20, 1, bad as never);
    const { errors = [] } = await problemOf(await post(`${url}/publish/batch`, batch), 422);
    expect(errors.map(({ path }) => path).sort()).toEqual(paths);
  }
  const large = Array.from({ length: 10_001 }, (_, n) => ({ type: "n", data: n }));
  await problemOf(await post(`${url}/publish/batch`, large), 422);
  await problemOf(await post(`${url}/publish/batch`, { type: "n", data: 1 }), 422);
  expect(await stored(url)).toEqual([]);
});

test("the paths of a batch that is all wrong are listed up to a bound", async () => {
  const { url } = startHub();
  const batch = Array.from({ length: 10_000 }, () => ({ type: "metrics-update", data: {} }));
  const { errors = [], detail } = await problemOf(await post(`${url}/publish/batch`, batch), 422);
  expect(errors.length).toBeGreaterThanOrEqual(100);
  expect(errors.length).toBeLessThanOrEqual(1000);
  expect(detail).toContain("at least");
});

test("--strict refuses types outside the catalog", async () => {
  const { url } = startHub({ strict: true });
  const { errors } = await problemOf(await post(`${url}/publish`, { type: "mine", data: 1 }), 422);
  expect(errors).toEqual([{ path: "/type", message: expect.stringContaining("catalog") }]);
  const inBatch = await problemOf(await post(`${url}/publish/batch`, [{ type: "mine", data: 1 }]), 422);
  expect(inBatch.errors).toEqual([{ path: "/0/type", message: expect.stringContaining("catalog") }]);
  expect(
    (await post(`${url}/publish`, { type: "trace-update", data: { trace_id: "t", span_count: 0 } })).status,
  ).toBe(200);
});

test("503 with Retry-After while the hub is stopping", async () => {
  const broker = new Broker();
  const { url } = startHub({ broker });
  await broker.close();
  for (const [path, body] of [
    ["/publish", { type: "n", data: 1 }],
    ["/publish/batch", [{ type: "n", data: 1 }]],
  ] as const) {
    const response = await post(url + path, body);
    expect(response.headers.get("retry-after")).toMatch(/^\d+$/);
    await problemOf(response, 503);
  }
  const stream = await fetch(`${url}/events`);
  expect(stream.headers.get("retry-after")).toMatch(/^\d+$/);
  await problemOf(stream, 503);
  await problemOf(await fetch(`${url}/readyz`), 503);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await (await fetch(`${url}/status`)).json()).toMatchObject({
    status: "stopping",
    connected_clients: 0,
  });
});
