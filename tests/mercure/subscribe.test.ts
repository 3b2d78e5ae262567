import { expect, test } from "bun:test";
import { until } from "../until.ts";
import { open, sign, startMercure } from "./mercure-hub.ts";

const FORM = "application/x-www-form-urlencoded";

const received = ({ events }: { events: Record<string, string>[] }) => events.map(({ data }) => data);

test("exact matchers are names, and * is every topic", async () => {
  const { publish, subscribe } = await startMercure();
  const exact = await subscribe("match=a*&match_exact=A&match=/relative&match=%C3%A9");
  const all = await subscribe("match_urlpattern=*");
  // The last is é in two characters, and the one before it what /relative is an address of.
  const topics = ["ab", "a*", "a", "A", "/relative", "https://localhost/relative", "e\u0301"];
  for (const topic of topics)
    await publish([
      ["topic", topic],
      ["data", topic],
    ]);
  await until(() => all.events.length === topics.length);
  await until(() => exact.events.length === 3);
  expect(received(exact)).toEqual(["a*", "A", "/relative"]);
});

test("URL patterns match absolute and relative topics, live and in the history", async () => {
  const { publish, subscribe } = await startMercure();
  const query = new URLSearchParams([
    ["match_urlpattern", "https://e.com/books/:id"],
    ["match_urlpattern", "/relative/*"],
  ]).toString();
  const live = await subscribe(query);
  const topics = [
    "https://e.com/books/1",
    "https://e.com/books/1/2",
    "https://E.com/x/../books/2",
    "https://e.com/BOOKS/1",
    "http://[x/relative/a",
    "/relative/a/b",
    "relative",
    "http://e.com/books/3",
  ];
  for (const topic of topics)
    await publish([
      ["topic", topic],
      ["data", topic],
    ]);
  await publish([
    ["topic", "https://e.com/books/last"],
    ["data", "last"],
  ]);
  await until(() => received(live).includes("last"));
  const expected = ["https://e.com/books/1", "https://E.com/x/../books/2", "/relative/a/b", "last"];
  expect(received(live)).toEqual(expected);
  const replayed = await subscribe(`${query}&last_event_id=earliest`);
  await until(() => received(replayed).includes("last"));
  expect(received(replayed)).toEqual(expected);
});

test("the dialect before version 1: topics and URI templates, its cursor, and its header", async () => {
  const { publish, subscribe } = await startMercure();
  const live = await subscribe("topic=https://e.com/books/{id}&topic=plain");
  for (const topic of [
    "https://e.com/books/1",
    "https://e.com/books/1/2",
    "plain",
    "https://e.com/books/{id}",
  ]) {
    await publish([
      ["topic", topic],
      ["data", topic],
    ]);
  }
  await publish([
    ["topic", "plain"],
    ["data", "last"],
  ]);
  await until(() => received(live).includes("last"));
  expect(received(live)).toEqual(["https://e.com/books/1", "plain", "https://e.com/books/{id}", "last"]);
  const again = await subscribe(`topic=*&lastEventID=${encodeURIComponent(live.events[1]?.["id"] ?? "")}`);
  await until(() => received(again).includes("last"));
  expect(received(again)).toEqual(["https://e.com/books/{id}", "last"]);
  expect(again.response.headers.get("last-event-id")).toBe(live.events[1]?.["id"] ?? "");
});

test("a query that asks for nothing, or for what there is not, is a 400", async () => {
  const { hub, url } = await startMercure();
  const bad = [
    "",
    "x=1",
    "match=",
    "Match=a",
    "MATCH_URLPATTERN=a",
    "match_regex=a",
    "matcher=a",
    "match_exact",
    "match=a%00",
    "match=%ff",
    "match=a%E2%80%8B",
    "match_urlpattern=%28",
    "match_urlpattern=/%28%3F%3Da%29",
    "match_urlpattern=/%28a%29%5C1%28%5C1%29",
    "match_urlpattern=http://%5B",
    "match=a%C2%85",
  ];
  for (const query of bad) expect([query, (await fetch(`${hub}?${query}`)).status]).toEqual([query, 400]);
  const many = Array.from({ length: 101 }, (_, i) => `match=${i}`).join("&");
  expect((await fetch(`${hub}?${many}`)).status).toBe(400);
  expect((await fetch(`${hub}?match=${"a".repeat(4097)}`)).status).toBe(400);
  // A form that is no update has as many fields, and is refused in the same way.
  const most = Array.from({ length: 1001 }, () => "match=a").join("&");
  expect((await fetch(`${hub}?${most}`)).status).toBe(400);
  const inBody = { method: "QUERY", body: most, headers: { "content-type": FORM } };
  expect((await fetch(hub, inBody)).status).toBe(400);
  expect((await fetch(`${url}/events?topics=a`)).status).toBe(400);
});

test("QUERY takes a form, joined with the query of the address", async () => {
  const { hub, publish } = await startMercure();
  await publish([
    ["topic", "a"],
    ["data", "1"],
  ]);
  const first = await publish([
    ["topic", "b"],
    ["data", "2"],
  ]);
  await publish([
    ["topic", "a"],
    ["data", "3"],
  ]);
  await publish([
    ["topic", "b"],
    ["data", "4"],
  ]);
  await publish([
    ["topic", "c"],
    ["data", "5"],
  ]);
  const stream = await open(`${hub}?match=a&last_event_id=${encodeURIComponent(await first.text())}`, {
    method: "QUERY",
    body: "match=b&last_event_id=earliest",
    headers: { "content-type": FORM },
  });
  await until(() => stream.events.length === 2);
  expect(received(stream)).toEqual(["3", "4"]);
  // What a body is has to be said (RFC 10008, section 2.1).
  for (const type of [undefined, "application/json"]) {
    const headers = type === undefined ? {} : { "content-type": type };
    const answer = await fetch(`${hub}?match=a`, { method: "QUERY", body: Buffer.from("match=b"), headers });
    expect([type, answer.status]).toEqual([type, 415]);
  }
  const without = await open(`${hub}?match=a`, { method: "QUERY" });
  expect(without.response.status).toBe(200);
});

test("a subscriber is told where its stream begins", async () => {
  const { subscribe, publish } = await startMercure();
  const told = async (query: string, headers: Record<string, string> = {}) =>
    (await subscribe(`match=*${query}`, { headers })).response.headers.get("mercure-last-event-id");
  expect(await told("")).toBe(null);
  expect(await told("&last_event_id=")).toBe("earliest");
  expect(await told("", { "last-event-id": "" })).toBe("earliest");
  expect(await told("&last_event_id=earliest")).toBe("earliest");
  await publish([
    ["topic", "t"],
    ["id", "one"],
  ]);
  const second = await (await publish([["topic", "t"]])).text();
  expect(await told("&last_event_id=one")).toBe("one");
  expect(await told(`&last_event_id=${encodeURIComponent(second)}`)).toBe(second);
  expect(await told("&last_event_id=nobody")).toBe("earliest");
  expect(await told("&last_event_id=nobody", { "last-event-id": "one" })).toBe("one");
  expect(await told("&last_event_id=")).toBe(second);
  expect(await told("&last_event_id=one", { "last-event-id": "" })).toBe("one");
});

test("who has all of a topic that has ended is told where it is, and stays away", async () => {
  const { subscribe, broker } = await startMercure();
  const { id } = await broker.publish({ type: "done", data: 1, topic: "t", id: "last", end: true });
  const { response } = await subscribe(`match=t&last_event_id=${id}`);
  expect([response.status, response.headers.get("mercure-last-event-id")]).toEqual([204, "last"]);
});

test("an id of a private update is unknown to those who may not read it", async () => {
  const { subscribe, publish } = await startMercure();
  await publish([
    ["topic", "t"],
    ["id", "secret"],
    ["private", ""],
  ]);
  await publish([
    ["topic", "t"],
    ["data", "public"],
  ]);
  const stream = await subscribe("match=t&last_event_id=secret");
  await until(() => stream.events.length === 1);
  expect(stream.response.headers.get("mercure-last-event-id")).toBe("earliest");
  const token = await sign({ details: [{ actions: ["subscribe"], topics: [{ match: "t" }] }] });
  const reader = await subscribe("match=t&last_event_id=secret", {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(reader.response.headers.get("mercure-last-event-id")).toBe("secret");
});
