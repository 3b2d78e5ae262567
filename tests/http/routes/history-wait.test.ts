import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { Broker } from "../../../src/broker/broker.ts";
import { tidings } from "../../../src/plugin.ts";
import { startConfigured } from "../../configured.ts";
import { defer } from "../../defer.ts";
import { startHub } from "../../hub.ts";
import { until } from "../../until.ts";
import { bearer, sign, startKeyedHub } from "../keyed-hub.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

interface Page {
  readonly events: { data: unknown }[];
  readonly next: string;
  readonly more: boolean;
}

async function ask(url: string, query: string, init: RequestInit = {}): Promise<Page> {
  const answer = await fetch(`${url}/history?${query}`, init);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Page;
}

const dataOf = ({ events }: Page) => events.map(({ data }) => data);

test("a page without events is answered when there is one; it counts as a client meanwhile", async () => {
  const { url, broker } = startHub();
  const { next } = await ask(url, "topic=a");
  const waiting = ask(url, `topic=a&after=${next}&wait=30s`);
  await until(() => broker.clientCount === 1);
  expect([...broker.clients][0]?.topics).toEqual(["a"]);
  // It is not for this reader.
  await broker.publish({ type: "n", data: 1, topic: "b" });
  expect(broker.clientCount).toBe(1);
  await broker.publish({ type: "n", data: 2, topic: "a" });
  const page = await waiting;
  expect([dataOf(page), page.more]).toEqual([[2], false]);
  await until(() => broker.clientCount === 0);
  await broker.publish({ type: "n", data: 3, topic: "a" });
  expect(dataOf(await ask(url, `topic=a&after=${page.next}&wait=30s`))).toEqual([3]);
});

test("each event once and in order, while many are published", async () => {
  const { url, broker } = startHub();
  const seen: unknown[] = [];
  const publishing = (async () => {
    for (let n = 0; n < 300; n++) await broker.publish({ type: n % 3 === 0 ? "other" : "n", data: n });
  })();
  for (let next = "earliest"; seen.at(-1) !== 299; ) {
    const page = await ask(url, `type=n&after=${next}&wait=30s`);
    seen.push(...dataOf(page));
    next = page.next;
  }
  await publishing;
  expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => n).filter((n) => n % 3 !== 0));
});

test("without an event, the page is empty when the time is over, and says where to go on", async () => {
  const { url, broker } = startHub();
  await broker.publish({ type: "other", data: 1 });
  expect(dataOf(await ask(url, "type=n&wait=0"))).toEqual([]);
  const page = await ask(url, "type=n&wait=50ms");
  expect(page).toEqual({ events: [], next: broker.log.place(1), more: false });
  expect(broker.clientCount).toBe(0);
});

test("a keep-alive ends no wait", async () => {
  const { url, broker } = await startConfigured(["--keep-alive=10ms"]);
  const waiting = ask(url, "wait=30s");
  await until(() => broker.clientCount === 1);
  const [first] = [...broker.clients];
  const other = await Reader.open(`${url}/events?keepalive=event`);
  for (let alive = 0; alive < 2; ) if ((await other.next())?.event === "tidings.alive") alive++;
  expect([...broker.clients].map(({ id }) => id)).toContain(first?.id ?? "");
  await broker.publish({ type: "n", data: 1 });
  expect(dataOf(await waiting)).toEqual([1]);
  expect(broker.totals.connected).toBe(2);
});

test("a reader that leaves is gone, and so is one whose hub stops", async () => {
  const { url, broker } = await startConfigured(["--drain=0"]);
  const leave = new AbortController();
  const left = ask(url, "wait=30s", { signal: leave.signal }).catch(() => "left");
  await until(() => broker.clientCount === 1);
  leave.abort();
  expect(await left).toBe("left");
  await until(() => broker.clientCount === 0);
  const waiting = ask(url, "wait=30s");
  await until(() => broker.clientCount === 1);
  await broker.drain(0);
  expect((await waiting).events).toEqual([]);
  const answer = await fetch(`${url}/history?wait=30s`);
  expect((await problemOf(answer, 503)).type).toBe("draining");
});

test("it is bounded as clients are, in number and in time", async () => {
  const { url, broker } = await startConfigured(["--max-clients=1"]);
  const waiting = ask(url, "wait=30s");
  await until(() => broker.clientCount === 1);
  expect((await problemOf(await fetch(`${url}/history?wait=30s`), 503)).type).toBe("full");
  // A page that does not wait needs no room.
  expect((await ask(url, "")).events).toEqual([]);
  await broker.publish({ type: "n", data: 1 });
  await waiting;
  expect(dataOf(await ask(url, "wait=30s"))).toEqual([1]);
  for (const wait of ["61s", "2m", "1h", "-1s", "30", "soon", ""]) {
    expect((await problemOf(await fetch(`${url}/history?wait=${wait}`), 400)).detail).toContain(
      "60s at most",
    );
  }
});

test("what a reader may not read ends no wait", async () => {
  const { url, broker } = startHub();
  const waiting = ask(url, "topic=a&wait=30s");
  await until(() => broker.clientCount === 1);
  await broker.publish({ type: "n", data: 1, topic: "a", private: true });
  await broker.publish({ type: "n", data: 2, topic: "a" });
  expect(dataOf(await waiting)).toEqual([2]);
});

test("a reader needs the right to its topics, and keeps it while it waits", async () => {
  const { url, broker } = startKeyedHub({ private: true });
  await problemOf(await fetch(`${url}/history?topic=b&wait=30s`), 401);
  const headers = bearer(await sign({ subscribe: ["a"] }));
  await problemOf(await fetch(`${url}/history?topic=b&wait=30s`, { headers }), 403);
  expect(broker.totals.connected).toBe(0);
  const grant = { subscribe: ["*"], privateTopics: [], expires: Date.now() + 200 };
  const app = new Elysia().use(tidings({ broker: new Broker(), access: () => grant })).listen(0);
  defer(() => app.stop());
  await problemOf(await fetch(`http://127.0.0.1:${app.server?.port}/history?wait=30s`), 401);
});
