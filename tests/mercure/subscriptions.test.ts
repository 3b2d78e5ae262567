import { expect, test } from "bun:test";
import { until } from "../until.ts";
import { sign, startMercure } from "./mercure-hub.ts";

const PATH = "/.well-known/mercure/subscriptions";
const NAMESPACE = `${PATH}/:type/:match/:subscriber`;

interface Document {
  readonly id: string;
  readonly subscriber: string;
  readonly active: boolean;
}
interface List {
  readonly id: string;
  readonly subscriptions: readonly Document[];
  readonly lastEventID?: string;
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** A token of version 1 that grants to know all subscriptions. */
const knowing = async () =>
  bearer(
    await sign({
      details: [
        {
          actions: ["subscribe"],
          topics: [PATH, `${PATH}/*`, `${PATH}/*/*`, NAMESPACE].map((match) => ({
            match,
            match_type: "urlpattern",
          })),
        },
      ],
    }),
  );

/** One of the dialect before, with a payload. */
const knowingBefore = async () =>
  bearer(
    await sign({
      old: {
        subscribe: [PATH, `${PATH}/{topic}`, `${PATH}/{topic}/{subscriber}`],
        payload: { user: "before" },
      },
    }),
  );

const documentsOf = ({ events }: { events: Record<string, string>[] }): Document[] =>
  events.map(({ data = "" }) => JSON.parse(data));

/** It has what has to be encoded (RFC 6570, section 3.2.2). */
const NAME = "a b/ü!'()*%";

test("version 1: subscriptions are told of as they begin and end, to who may know them alone", async () => {
  const { subscribe, broker } = await startMercure();
  const watcher = await subscribe(`match_urlpattern=${encodeURIComponent(NAMESPACE)}`, await knowing());
  const ignorant = await subscribe(`match_urlpattern=${encodeURIComponent(NAMESPACE)}`);
  const details = [
    { actions: ["subscribe"], topics: [{ match: NAME }], payload: { n: 1 } },
    { actions: ["subscribe"], topics: [{ match: "*" }], payload: { n: 2 } },
  ];
  const stop = new AbortController();
  const name = encodeURIComponent(NAME);
  const query = `match=${name}&match_urlpattern=https://e.com/:id&match=${name}`;
  await subscribe(query, { ...bearer(await sign({ details })), signal: stop.signal });
  // Its own, that of the one who may not know, and two of the third.
  await until(() => watcher.events.length === 4);
  const [own, , third, fourth] = documentsOf(watcher);
  expect(own).toMatchObject({
    type: "subscription",
    match_type: "urlpattern",
    match: NAMESPACE,
    active: true,
  });
  expect(third).toEqual({
    id: `${PATH}/exact/a%20b%2F%C3%BC%21%27%28%29%2A%25/${encodeURIComponent(third?.subscriber ?? "")}`,
    type: "subscription",
    match_type: "exact",
    match: NAME,
    subscriber: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
    active: true,
    payload: { n: 1 },
  } as never);
  expect(fourth).toMatchObject({
    match: "https://e.com/:id",
    subscriber: third?.subscriber,
    payload: { n: 2 },
  });
  expect(watcher.events.map(({ event }) => event)).toEqual(Array(4).fill("mercure"));
  expect(watcher.events.every(({ id = "" }) => /^#[a-z]{12}-0$/.test(id))).toBe(true);
  const { id: clientId } = [...broker.clients][2] ?? {};
  broker.removeClient(clientId ?? "");
  await until(() => watcher.events.length === 6);
  expect(documentsOf(watcher).slice(4)).toEqual([
    { ...third, active: false },
    { ...fourth, active: false },
  ] as Document[]);
  expect(ignorant.events).toEqual([]);
  expect(broker.log.head).toBe(0);
});

test("version 1: the list, that of a matcher, and one of it", async () => {
  const { url, subscribe, broker, publish } = await startMercure();
  await publish([["topic", "x"]]);
  await subscribe("match=a/b&match=c");
  await subscribe("match=a/b");
  await until(() => broker.clientCount === 2);
  const token = await knowing();
  const get = async (path: string, init: RequestInit = token) => fetch(`${url}${path}`, init);
  const all = await get(PATH);
  const place = `#${broker.log.place(1)}`;
  expect([all.status, all.headers.get("content-type"), all.headers.get("link")]).toEqual([
    200,
    "application/json",
    `<https://localhost/.well-known/mercure>; rel="mercure"; last-event-id="${place}"; type="mercure"; content-type="application/json"`,
  ]);
  const list = (await all.json()) as List;
  expect(list).toMatchObject({ id: PATH, type: "subscriptions" });
  expect(list.subscriptions).toHaveLength(3);
  const some = (await (await get(`${PATH}/exact/a%2Fb`)).json()) as List;
  expect([some.id, some.subscriptions.length]).toEqual([`${PATH}/exact/a%2Fb`, 2]);
  const [first] = some.subscriptions;
  expect(await (await get(first?.id ?? "")).json()).toEqual(first);
  expect((await get(`${first?.id}0`)).status).toBe(404);
  expect((await get(`${PATH}/exact`)).status).toBe(404);
  expect((await get(`${PATH}/exact/%ff`)).status).toBe(400);

  // What has not changed is not sent again.
  const again = { headers: { ...token.headers, "if-none-match": `W/${all.headers.get("etag")}, "x"` } };
  expect((await get(PATH, again)).status).toBe(304);
  await subscribe("match=d");
  await until(async () => (await get(PATH, again)).status === 200);

  expect((await get(PATH, {})).status).toBe(401);
  const narrow = bearer(await sign({ details: [{ actions: ["subscribe"], topics: [{ match: PATH }] }] }));
  expect((await get(PATH, narrow)).status).toBe(200);
  expect((await get(`${PATH}/exact/a%2Fb`, narrow)).status).toBe(403);
});

test("who asks for the list and then subscribes from there misses nothing", async () => {
  const { url, subscribe, broker } = await startMercure();
  const token = await knowing();
  const list = await fetch(`${url}${PATH}`, token);
  const [, cursor = ""] = /last-event-id="([^"]+)"/.exec(list.headers.get("link") ?? "") ?? [];
  expect(cursor).toBe("earliest");
  await subscribe("match=between");
  const watchFrom = (id: string) =>
    subscribe(new URLSearchParams({ match_urlpattern: NAMESPACE, last_event_id: id }).toString(), token);
  const matches = (stream: Awaited<ReturnType<typeof subscribe>>) =>
    stream.events.map(({ data = "" }) => JSON.parse(data).match);
  const first = await watchFrom(cursor);
  await until(() => matches(first).includes("between"));
  // So does one who comes back to where it was.
  await subscribe("match=later");
  const second = await watchFrom(first.events[0]?.["id"] ?? "");
  await until(() => matches(second).includes("later"));
  expect(broker.clientCount).toBe(4);
});

test("the dialect before: JSON-LD, by topic and subscriber, without an event's name", async () => {
  const { url, subscribe, broker } = await startMercure("--mercure-compat");
  const token = await knowingBefore();
  const template = `${PATH}/{topic}/{subscriber}`;
  const watcher = await subscribe(`topic=${encodeURIComponent(template)}`, token);
  await subscribe("topic=https://e.com/{id}&topic=a");
  await until(() => watcher.events.length === 3);
  expect([...broker.clients].map(({ topics }) => topics)).toEqual([[template], ["https://e.com/{id}", "a"]]);
  const [own, second, third] = documentsOf(watcher);
  expect(own).toEqual({
    "@context": "https://mercure.rocks/",
    id: `${PATH}/${encodeURIComponent(template)}/${encodeURIComponent(own?.subscriber ?? "")}`,
    type: "Subscription",
    topic: template,
    subscriber: own?.subscriber,
    active: true,
    payload: { user: "before" },
  } as never);
  expect(third).toMatchObject({ topic: "a", active: true });
  expect(third).not.toHaveProperty("payload");
  expect(watcher.events[0]).not.toHaveProperty("event");

  const answer = await fetch(`${url}${PATH}`, token);
  expect(answer.headers.get("content-type")).toBe("application/ld+json");
  const list = (await answer.json()) as List;
  expect(list).toMatchObject({
    "@context": "https://mercure.rocks/",
    id: PATH,
    type: "Subscriptions",
    lastEventID: "earliest",
  });
  expect(list.subscriptions.map(({ id }) => id).sort()).toEqual(
    [own?.id, second?.id, third?.id].sort() as string[],
  );
  const some = await fetch(`${url}${PATH}/a`, token);
  expect(((await some.json()) as List).subscriptions).toHaveLength(1);
  const one = await fetch(`${url}${third?.id}`, token);
  expect(await one.json()).toEqual({ ...third, lastEventID: "earliest" });

  // In version 1, a URI template has no name.
  const answerOfOne = await fetch(`${url}${PATH}`, await knowing());
  expect(answerOfOne.headers.get("etag")).not.toBe(answer.headers.get("etag"));
  const newer = (await answerOfOne.json()) as List;
  expect(newer.subscriptions).toMatchObject([{ match_type: "exact", match: "a" }]);
});
