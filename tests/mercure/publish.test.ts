import { expect, test } from "bun:test";
import { until } from "../until.ts";
import { open, startMercure } from "./mercure-hub.ts";

test("an update reaches its subscribers as it came, with its type, id and retry", async () => {
  const { publish, subscribe } = await startMercure();
  const stream = await subscribe("match=https%3A%2F%2Fe.com%2Fbooks%2F1");
  expect(stream.response.headers.get("content-type")).toStartWith("text/event-stream");
  await publish([
    ["topic", "https://e.com/other"],
    ["data", "not for it"],
  ]);
  const answer = await publish([
    ["topic", "https://e.com/books/1"],
    ["data", 'a\r\nb\rc {"x": 1}'],
    ["type", "added"],
    ["id", "urn:x:1"],
    ["retry", "15"],
    ["unknown", "ignored"],
  ]);
  expect([answer.status, await answer.text()]).toEqual([200, "urn:x:1"]);
  expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  await publish([
    ["topic", "alternate"],
    ["topic", "https://e.com/books/1"],
  ]);
  await until(() => stream.events.length === 2);
  const [first, second] = stream.events;
  expect(first).toEqual({ id: "urn:x:1", event: "added", retry: "15", data: 'a\nb\nc {"x": 1}' });
  expect(second).toEqual({ id: expect.stringMatching(/^#[a-z]{12}-3$/), data: "" });
  expect(stream.text).not.toContain("connected");
});

test("native readers get JSON, and Mercure's get the JSON of native events", async () => {
  const { url, broker, publish, subscribe } = await startMercure();
  const native = await open(`${url}/events?topic=t`);
  const mercure = await subscribe("match=t");
  await until(() => broker.clientCount === 2);
  await publish([
    ["topic", "t"],
    ["data", '{"a":\n 1.50 }'],
  ]);
  await publish([
    ["topic", "t"],
    ["data", "plain\ntext"],
  ]);
  await broker.publish({ type: "order", data: { b: 2 }, topic: "t" });
  // For Mercure's subscribers, this type would be the hub's word.
  await broker.publish({ type: "mercure", data: "forged", topic: "t" });
  await until(() => mercure.events.length === 4);
  await until(() => native.events.length === 5);
  expect(native.events.slice(1).map(({ event, data }) => [event, data])).toEqual([
    [undefined, '{"a":  1.50 }'],
    [undefined, '"plain\\ntext"'],
    ["order", '{"b":2}'],
    ["mercure", '"forged"'],
  ]);
  expect(mercure.events.map(({ event, data }) => [event, data])).toEqual([
    [undefined, '{"a":\n 1.50 }'],
    [undefined, "plain\ntext"],
    ["order", '{"b":2}'],
    [undefined, '"forged"'],
  ]);
  const history = (await (await fetch(`${url}/history?topic=t`)).json()) as { events: { data: unknown }[] };
  expect(history.events.map(({ data }) => data)).toEqual([{ a: 1.5 }, "plain\ntext", { b: 2 }, "forged"]);
});

test("an update that is JSON of more levels than data has is a string to native readers", async () => {
  const { url, publish } = await startMercure();
  for (const levels of [512, 513]) {
    await publish([
      ["topic", "t"],
      ["data", "[".repeat(levels) + "]".repeat(levels)],
    ]);
  }
  const history = (await (await fetch(`${url}/history?topic=t`)).json()) as { events: { data: unknown }[] };
  expect(history.events.map(({ data }) => typeof data)).toEqual(["object", "string"]);
});

test("an id that comes again is one event; with other content the hub gives one, and the first is resumed at", async () => {
  const { publish, subscribe } = await startMercure();
  const send = async (data: string) =>
    (
      await publish([
        ["topic", "t"],
        ["id", "one"],
        ["data", data],
      ])
    ).text();
  expect(await send("a")).toBe("one");
  expect(await send("b")).toMatch(/^#[a-z]{12}-2$/);
  expect(await send("c")).toMatch(/^#[a-z]{12}-3$/);
  const stream = await subscribe("match=t&last_event_id=one");
  await until(() => stream.events.length === 2);
  expect(stream.events.map(({ data }) => data)).toEqual(["b", "c"]);
  expect(stream.response.headers.get("mercure-last-event-id")).toBe("one");
});

test("what is malformed is a 400, and what is too large a 413", async () => {
  const { publish, broker, url } = await startMercure();
  const bad = {
    "no topic": "data=x",
    "empty topic": "topic=",
    "the wildcard": "topic=*",
    "no UTF-8": "topic=a&data=%ff",
    "no UTF-8 in a field that is not known": "topic=a&x=%80",
    "a control character in a topic": "topic=a%00",
    "a hidden character in a topic": "topic=a%E2%80%8B",
    "a control character in an id": "topic=a&id=a%C2%85",
    "a hidden character in an id": "topic=a&id=a%E2%80%8B",
    "a fragment as an id": "topic=a&id=%23x",
    "the reserved id": "topic=a&id=earliest",
    "a hidden character in a type": "topic=a&type=a%C2%AD",
    "the hub's type": "topic=a&type=mercure",
    "a hub event": "topic=a&type=connected",
    "another hub event": "topic=a&type=tidings.gap",
    "a retry in letters": "topic=a&retry=1e3",
    "a negative retry": "topic=a&retry=-1",
  };
  for (const [what, body] of Object.entries(bad)) {
    const { status, headers } = await publish(body);
    expect([what, status, headers.get("content-type")]).toEqual([what, 400, "application/problem+json"]);
  }
  const topics = Array.from({ length: 101 }, (_, i): [string, string] => ["topic", `t${i}`]);
  expect((await publish(topics)).status).toBe(413);
  expect((await publish([["topic", "t".repeat(1025)]])).status).toBe(413);
  for (const type of ["application/json", "multipart/form-data; boundary=x", "text/plain"])
    expect((await publish("topic=a", undefined, { "content-type": type })).status).toBe(415);
  expect(broker.log.head).toBe(0);
  expect((await fetch(`${url}/.well-known/mercure`, { method: "PUT" })).status).toBe(405);
});

test("a megabyte of data comes as it was sent; more than the hub takes is a 413", async () => {
  const { publish, subscribe, broker } = await startMercure("--max-event", "1MiB", "--max-body", "4MiB");
  const stream = await subscribe("match=t");
  const data = '{"ü": 1}&\n+%'.repeat(2 ** 20 / 16);
  const send = (text: string) =>
    publish([
      ["topic", "t"],
      ["data", text],
    ]);
  expect((await send(data)).status).toBe(200);
  expect((await send("x".repeat(2 ** 20 + 1))).status).toBe(413);
  expect((await send("x".repeat(2 ** 22))).status).toBe(413);
  await until(() => stream.events.length === 1);
  expect(stream.events[0]?.["data"] === data).toBe(true);
  expect(broker.log.head).toBe(1);
});

test("nobody publishes in the hub's own namespace", async () => {
  const { publish, broker } = await startMercure();
  const reserved = [
    "/.well-known/mercure",
    "/.well-known/mercure/subscriptions/exact/a/b",
    "https://elsewhere.example/.well-known/mercure/x",
    "/.well-known/%6Dercure/x",
    "/.well-known/mercure/../mercure/x",
    "/a/%2e%2e/.well-known/mercure/x",
    "mercure/x",
    "mercure",
    "?x",
    "#x",
  ];
  for (const topic of reserved) {
    expect([
      topic,
      (
        await publish([
          ["topic", "fine"],
          ["topic", topic],
        ])
      ).status,
    ]).toEqual([topic, 400]);
  }
  for (const topic of [
    "/.well-known/mercures",
    "/mercure",
    "urn:mercure/x",
    "https://e.com/.well-known/Mercure",
    "http://[x/.well-known/mercure",
  ]) {
    expect([topic, (await publish([["topic", topic]])).status]).toEqual([topic, 200]);
  }
  expect(broker.log.head).toBe(5);
});
