import { expect, test } from "bun:test";
import { Broker } from "../../../src/broker/broker.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { silent } from "../../../src/logger.ts";
import { startHub } from "../../hub.ts";
import { postText } from "../../post.ts";
import { bearer, PUBLISH_KEY, post, sign, startKeyedHub } from "../keyed-hub.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

interface Page {
  readonly events: { id: string; type: string; data: unknown; topics: string[] }[];
  readonly next: string | null;
}

async function readPage(url: string, query = "", headers: Record<string, string> = {}): Promise<Page> {
  const answer = await fetch(`${url}/history${query}`, { headers });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
  return (await answer.json()) as Page;
}

const dataOf = ({ events }: Page) => events.map(({ data }) => data);

test("shows what is held as it was published, oldest first", async () => {
  const { url } = startHub();
  expect(await readPage(url)).toEqual({ events: [], next: null });
  const events = [
    `{"id":"é \\"1\\"","type":"a","data":{"big":12345678901234567890,"n":1.50},"topics":["x/1","x/2"],"retry":5}`,
    `{"id":"2","type":"b","data":null,"topics":[]}`,
  ];
  await postText(`${url}/publish/batch`, `[${events}]`);
  expect(await (await fetch(`${url}/history`)).text()).toBe(`{"events":[${events}],"next":null}`);
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
    let next: string | null = "earliest";
    while (next !== null) {
      const page: Page = await readPage(url, `${query}&after=${next}`);
      expect(page.events.length).toBeLessThanOrEqual(size);
      seen.push(...dataOf(page));
      next = page.next;
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
    [["public"], broker.log.place(1)],
    [["last"], null],
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
  expect(await readPage(url, "?after=x")).toEqual({ events: [], next: null });
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

test("a store that can't be read is a 503, and ends who would read it rather than leave events out", async () => {
  const store = new MemoryStore();
  const errors: string[] = [];
  const logger = { ...silent, error: (_: unknown, message: string) => void errors.push(message) };
  const { url, broker } = startHub({ broker: new Broker({ store, logger }) });
  await post(
    `${url}/publish/batch`,
    [1, 2, 3].map((data) => ({ type: "n", data })),
  );
  const { read } = store;
  store.read = () => {
    throw new Error("disk I/O error");
  };
  const refused = await fetch(`${url}/history`);
  expect(refused.headers.get("retry-after")).toBe("1");
  await problemOf(refused, 503);
  const reader = await Reader.open(`${url}/events`, { "last-event-id": "earliest" });
  expect((await reader.next())?.event).toBe("connected");
  expect(await reader.next()).toBeUndefined();
  expect([errors, broker.totals.removed.failed]).toEqual([["log not read"], 1]);
  store.read = read;
  expect(dataOf(await readPage(url))).toEqual([1, 2, 3]);
});
