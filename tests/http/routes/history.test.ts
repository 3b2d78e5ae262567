import { expect, test } from "bun:test";
import { Broker } from "../../../src/broker/broker.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { silent } from "../../../src/logger.ts";
import { defer } from "../../defer.ts";
import { startHub } from "../../hub.ts";
import { postText } from "../../post.ts";
import { until } from "../../until.ts";
import { ADMIN_KEY, bearer, PUBLISH_KEY, post, sign, startKeyedHub } from "../keyed-hub.ts";
import type { Measured } from "../measured-hub.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

interface Page {
  readonly events: { id: string; type: string; data: unknown; topics: string[]; time: string }[];
  readonly next: string;
  readonly more: boolean;
}

async function readPage(url: string, query = "", headers: Record<string, string> = {}): Promise<Page> {
  const answer = await fetch(`${url}/history${query}`, { headers });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
  return (await answer.json()) as Page;
}

const dataOf = ({ events }: Page) => events.map(({ data }) => data);

test("shows what is held as it was published, oldest first", async () => {
  const { url } = startHub();
  expect(await readPage(url)).toEqual({ events: [], next: expect.stringMatching(/-0$/), more: false });
  const before = Date.now();
  const events = [
    `{"id":"é \\"1\\"","type":"a","data":{"big":12345678901234567890,"n":1.5},"topics":["x/1","x/2"],"retry":5}`,
    `{"id":"2","type":"b","data":null,"topics":[]}`,
  ];
  await postText(`${url}/publish/batch`, `[${events}]`);
  const text = await (await fetch(`${url}/history`)).text();
  expect(text).toContain('"data":{"big":12345678901234567890,"n":1.5},');
  const { events: shown, next, more } = JSON.parse(text) as Page;
  expect(shown.map(({ time, ...event }) => event)).toEqual(events.map((event) => JSON.parse(event)));
  for (const { time } of shown) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
  }
  expect([more, next]).toEqual([false, expect.stringMatching(/-2$/)]);
});

test("is read page by page, to the end and no further", async () => {
  const { url } = startHub();
  const all = Array.from({ length: 2500 }, (_, n) => ({ type: n % 5 === 0 ? "five" : "n", data: n }));
  await post(`${url}/publish/batch`, all);
  for (const [query, size] of [
    ["?limit=1000", 1000],
    ["?", 1000],
    ["?limit=7&type=five", 7],
  ] as const) {
    const seen: unknown[] = [];
    let next = "earliest";
    for (let more = true; more; ) {
      const page: Page = await readPage(url, `${query}&after=${next}`);
      expect(page.events.length).toBeLessThanOrEqual(size);
      seen.push(...dataOf(page));
      ({ next, more } = page);
    }
    const wanted = all.filter(({ type }) => !query.includes("five") || type === "five");
    expect(seen).toEqual(wanted.map(({ data }) => data));
  }
});

test("takes topics and types as the stream does", async () => {
  const { url } = startHub();
  await post(`${url}/publish/batch`, [
    { type: "a", data: 1, topics: ["orders/1"] },
    { type: "b", data: 2, topics: ["orders/2", "vip"] },
    { type: "a", data: 3, topics: ["other"] },
    { type: "a", data: 4 },
  ]);
  const cases: [query: string, data: number[]][] = [
    ["?topic=orders/1", [1, 4]],
    ["?topic=orders/*", [1, 2, 4]],
    ["?topic=*", [1, 2, 3, 4]],
    ["?topic=vip&topic=other", [2, 3, 4]],
    ["?topic=orders/*&type=a", [1, 4]],
    ["?type=a&type=b", [1, 2, 3, 4]],
    ["?type=c", []],
  ];
  for (const [query, data] of cases) {
    expect([query, dataOf(await readPage(url, query))]).toEqual([query, data]);
  }
});

test("leaves private events to those who may read them, and gives nobody else an id of theirs", async () => {
  const { url, broker } = startKeyedHub();
  const events = [
    { type: "e", data: 1, topics: ["a"], id: "public" },
    ...Array.from({ length: 30 }, (_, n) => ({
      ...{ type: "e", data: n, topics: ["a"], private: true, id: `secret-${n}` },
    })),
    { type: "e", data: 2, id: "last" },
  ];
  await post(`${url}/publish/batch`, events, PUBLISH_KEY);
  const pages = [await readPage(url, "?limit=1"), await readPage(url, "?limit=1&after=public")];
  expect(pages.map(({ events, next }) => [events.map(({ id }) => id), next])).toEqual([
    // Places, which disclose no id.
    [["public"], broker.log.place(1)],
    [["last"], broker.log.place(32)],
  ]);
  const token = bearer(await sign({ subscribe: ["a"] }));
  const granted = await readPage(url, "?topic=a&limit=1000", token);
  expect(granted.events).toHaveLength(32);
  expect(granted.events[1]).toMatchObject({ id: "secret-0", private: true });
});

test("refuses an id that is not held, and what is no limit or topic", async () => {
  const { url } = startHub();
  await post(`${url}/publish`, { type: "n", data: 1, id: "x" });
  const { detail } = await problemOf(await fetch(`${url}/history?after=y`), 404);
  expect(detail).toContain('"y"');
  expect(await readPage(url, "?after=x")).toMatchObject({ events: [], more: false });
  // A script that has had none yet may say so.
  expect(await readPage(url, "?after=")).toMatchObject({ events: [{ id: "x" }] });
  for (const query of [
    "limit=0",
    "limit=1001",
    "limit=x",
    "limit=-1",
    "limit=1e2",
    "limit=",
    "topic=",
    "type=",
  ]) {
    await problemOf(await fetch(`${url}/history?${query}`), 400);
  }
});

test("a store that can't be read is a 503; a reader that comes back waits for it", async () => {
  const store = new MemoryStore();
  const errors: string[] = [];
  const logger = { ...silent, error: (_: unknown, message: string) => void errors.push(message) };
  const { url, broker } = startHub({ broker: new Broker({ store, logger }) });
  await post(
    `${url}/publish/batch`,
    [1, 2, 3].map((data) => ({ type: "n", data })),
  );
  const { read } = store;
  let tries = 0;
  store.read = () => {
    tries++;
    throw new Error("disk I/O error");
  };
  const refused = await fetch(`${url}/history`);
  expect(refused.headers.get("retry-after")).toBe("1");
  await problemOf(refused, 503);
  const reader = await Reader.open(`${url}/events`, { "last-event-id": "earliest" });
  expect((await reader.next())?.event).toBe("connected");
  // The log says it once, and not with each try.
  tries = 0;
  await until(() => tries === 2);
  expect([errors, broker.clientCount]).toEqual([["log not read"], 1]);
  store.read = read;
  expect((await reader.take(3)).map(([, data]) => data)).toEqual([1, 2, 3]);
  expect(dataOf(await readPage(url))).toEqual([1, 2, 3]);
});

test("always gives a cursor to go on from, with more events or without", async () => {
  const { url } = startHub();
  let { next } = await readPage(url, "?topic=a");
  for (const data of [1, 2, 3]) {
    await post(`${url}/publish`, { type: "n", data: 0, topics: ["b"] });
    await post(`${url}/publish`, { type: "n", data, topics: ["a"] });
    const page = await readPage(url, `?topic=a&after=${next}`);
    expect([dataOf(page), page.more]).toEqual([[data], false]);
    ({ next } = page);
  }
  // The same again, whatever was published since.
  expect(dataOf(await readPage(url, `?after=${next}`))).toEqual([]);
});

test("an id that is not known and one that may not be read are answered alike", async () => {
  const { url } = startKeyedHub({ private: true });
  await post(
    `${url}/publish/batch`,
    [
      { type: "e", data: 1, topics: ["orders/1"], id: "mine" },
      { type: "e", data: 1, topics: ["orders/1"], id: "my-private", private: true },
      { type: "e", data: 1, topics: ["billing"], id: "invoice-7" },
      { type: "e", data: 1, topics: ["billing"], id: "invoice-8", private: true },
      { type: "e", data: 1, id: "to-all" },
    ],
    PUBLISH_KEY,
  );
  const headers = bearer(await sign({ subscribe: ["orders/*"] }));
  const ask = async (id: string) => {
    const answer = await fetch(`${url}/history?topic=orders/1&after=${id}`, { headers });
    const { detail, request_id, ...rest } = (await answer.json()) as Record<string, unknown>;
    return [answer.status, String(detail).replace(id, "ID"), Object.keys(rest)];
  };
  for (const id of ["mine", "my-private", "to-all"]) expect([id, (await ask(id))[0]]).toEqual([id, 200]);
  const unknown = await ask("unheard-of");
  expect(unknown[0]).toBe(404);
  for (const id of ["invoice-7", "invoice-8"]) expect(await ask(id)).toEqual(unknown);
});

test("names those topics of an event that its reader could subscribe to", async () => {
  const { url } = startKeyedHub({ private: true });
  const topics = ["orders/1", "secret/2", "orders/3"];
  await post(`${url}/publish`, { type: "e", data: 1, topics }, PUBLISH_KEY);
  const read = async (query: string, token: string) =>
    (await readPage(url, query, bearer(token))).events.map((event) => event.topics);
  const token = await sign({ subscribe: ["orders/*"] });
  expect(await read("?topic=orders/1", token)).toEqual([["orders/1", "orders/3"]]);
  expect(await read("", await sign({ subscribe: ["*"] }))).toEqual([topics]);
});

test("a page is bounded in bytes, topics and all", async () => {
  const { url } = startHub();
  const topics = Array.from({ length: 100 }, (_, n) => `${n}/${"t".repeat(1000)}`);
  const batch = Array.from({ length: 50 }, (_, data) => ({ type: "n", data, topics }));
  for (let i = 0; i < 2; i++) await post(`${url}/publish/batch`, batch);
  const text = await (await fetch(`${url}/history`)).text();
  expect(text.length).toBeLessThan(4.3 * 1024 ** 2);
  const page = JSON.parse(text) as Page;
  expect([page.events.length < 50, page.more]).toEqual([true, true]);
  expect((await readPage(url, `?after=${page.next}&limit=1`)).events[0]?.data).toBe(page.events.length);
});

test("pages that are asked for and not read take no memory", async () => {
  let heard: (message: Measured) => void = () => {};
  const hear = () => new Promise<Measured>((resolve) => (heard = resolve));
  const started = hear();
  const program = new URL("../measured-hub.ts", import.meta.url).pathname;
  const hub = Bun.spawn([process.execPath, program], { ipc: (message: Measured) => heard(message) });
  defer(() => hub.kill());
  const begun = await started;
  const port = "port" in begun ? begun.port : 0;
  const measure = async () => {
    const answer = hear();
    hub.send("measure");
    const measured = await answer;
    return "bytes" in measured ? measured.bytes / 1024 ** 2 : Number.NaN;
  };
  const url = `http://127.0.0.1:${port}`;
  const data = "x".repeat(100_000);
  await post(
    `${url}/publish/batch`,
    Array.from({ length: 50 }, () => ({ type: "n", data })),
  );
  await (await fetch(`${url}/history`)).text();
  const before = await measure();
  const READERS = 100;
  let began = 0;
  const sockets = await Promise.all(
    Array.from({ length: READERS }, () =>
      Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          open: (socket) => void socket.write("GET /history HTTP/1.1\r\nhost: localhost\r\n\r\n"),
          data(socket) {
            began++;
            socket.pause();
          },
        },
      }),
    ),
  );
  defer(() => sockets.forEach((socket) => void socket.terminate()));
  await until(() => began >= READERS);
  // Answered after the others that have been asked for.
  await fetch(`${url}/status`);
  // They were more than 4 MiB each.
  expect((await measure()) - before).toBeLessThan(250);
});

test("a page whose rest can't be read breaks off, and is taken by nobody for the whole", async () => {
  const store = new MemoryStore();
  const { url } = startHub({ broker: new Broker({ store }) });
  const data = "x".repeat(1000);
  await post(
    `${url}/publish/batch`,
    Array.from({ length: 600 }, () => ({ type: "n", data })),
  );
  const { read } = store;
  let reads = 0;
  store.read = (...args) => {
    if (++reads > 1) throw new Error("disk I/O error");
    return read.apply(store, args);
  };
  const answer = await fetch(`${url}/history`);
  expect(answer.status).toBe(200);
  const text = await answer.text().catch(() => "broken off");
  expect(() => JSON.parse(text)).toThrow();
});

test("each call erases the next event of an id that stands on several topics, until none has data", async () => {
  const { url } = startKeyedHub();
  for (const topic of ["p", "q"]) {
    await post(`${url}/publish`, { type: "n", data: `on ${topic}`, id: "x", topic }, PUBLISH_KEY);
  }
  const left: unknown[] = [];
  for (const status of [204, 204, 404]) {
    const answer = await fetch(`${url}/history/x`, { method: "DELETE", headers: bearer(ADMIN_KEY) });
    expect(answer.status).toBe(status);
    left.push(dataOf(await readPage(url)));
  }
  expect(left).toEqual([["on q"], [], []]);
});

test("an administrator erases an event's data; its place stays, and nobody is sent it any more", async () => {
  const { url } = startKeyedHub();
  const erase = (id: string, token: string, query = "") =>
    fetch(`${url}/history/${encodeURIComponent(id)}${query}`, { method: "DELETE", headers: bearer(token) });
  const id = "a/b é %";
  await post(
    `${url}/publish/batch`,
    [
      { type: "n", data: 1, id: "first" },
      { type: "n", data: "personal", id, topics: ["a"] },
      { type: "n", data: "of another", id, topics: ["b"] },
      { type: "n", data: 2, id: "last" },
    ],
    PUBLISH_KEY,
  );
  for (const token of [PUBLISH_KEY, await sign({ subscribe: ["*"] })]) {
    expect((await erase(id, token)).status).toBe(403);
  }
  expect((await erase("unheard-of", ADMIN_KEY)).status).toBe(404);
  expect((await erase(id, ADMIN_KEY, "?topic=c")).status).toBe(404);
  expect((await erase(id, ADMIN_KEY, "?topic=b")).status).toBe(204);
  expect(dataOf(await readPage(url))).toEqual([1, "personal", 2]);
  expect((await erase(id, ADMIN_KEY)).status).toBe(204);
  expect(dataOf(await readPage(url))).toEqual([1, 2]);
  // Whoever had it last goes on after it.
  expect(dataOf(await readPage(url, `?after=${encodeURIComponent(id)}`))).toEqual([2]);
  const reader = await Reader.open(`${url}/events?last_event_id=earliest`);
  expect((await reader.take(3)).map(([, data]) => data).slice(1)).toEqual([1, 2]);
});
