import { expect, test } from "bun:test";
import { join } from "node:path";
import { RedisClient } from "bun";
import { Broker } from "../../../src/broker/broker.ts";
import { RedisStore } from "../../../src/log/redis/redis-store.ts";
import { SqliteStore } from "../../../src/log/sqlite/sqlite-store.ts";
import { IdConflict, StoreFailure } from "../../../src/log/store.ts";
import { emptyFolder } from "../../folder.ts";
import { post } from "../../http/keyed-hub.ts";
import { Reader } from "../../http/reader.ts";
import { startHub } from "../../hub.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { Followed } from "../followed.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisPrograms, startRedis } from "./redis-server.ts";
import { hasText } from "./redis-text.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const withRedis = test.skipIf(redisPrograms.length === 0);
const all = () => true;
const PLAIN = ["--rdbcompression", "no"];
const SECRET = '"a secret"';
const secret = (more: Parameters<typeof draft>[0] = {}) => draft({ json: SECRET, ...more });

/** The data of all that a node gives to readers, and the positions of the rest. */
async function heldBy({ log }: HubNode): Promise<unknown[]> {
  const held: unknown[] = [];
  for (let after = (log.earliest ?? log.head + 1) - 1; after < log.head; ) {
    const { entries, upTo } = await log.read(after, 50);
    held.push(...entries.map(({ erased, json, position }) => (erased ? position : json)));
    if (upTo === after) break;
    after = upTo;
  }
  return held;
}

const valuesOf = ({ store }: HubNode) =>
  store.current
    .read(0, Number.POSITIVE_INFINITY, 1e6)
    .values.map(({ entry, topics }) => [entry.json, ...topics]);

for (const program of redisPrograms) {
  test(`an event's data is gone from Redis and from all nodes; its place stays, in ${program}`, async () => {
    const { url } = await startRedis({ program, args: PLAIN });
    await beginLog(url);
    const [a, b] = await Promise.all([new HubNode(url).started(), new HubNode(url).started()]);
    for (let i = 1; i <= 10; i++) await a.log.append([draft({ json: `${i}`, id: `e${i}` })]);
    const batch = Array.from({ length: 100 }, (_, i) =>
      i === 41 ? secret({ id: "mine", topics: ["t"] }) : draft({ json: `${11 + i}` }),
    );
    await b.log.append(batch);
    await b.log.append([secret({ json: '"another secret"' }), draft({ json: "112" })]);
    await until(() => [a, b].every(({ delivered }) => delivered.length === 112));
    const { ids } = a;
    const client = new RedisClient(url);
    expect(await hasText(client, "secret")).toBeTrue();

    const bytes = a.store.bytes;
    expect(await b.log.erase(52)).toBeTrue();
    expect(await a.log.erase(111)).toBeTrue();
    expect(await a.log.erase(3)).toBeTrue();
    await until(() => [a, b].every(({ store }) => store.engine.lag === 0 && store.count === 115));
    expect(await hasText(client, "secret")).toBeFalse();
    expect(a.store.bytes).toBeGreaterThanOrEqual(bytes);

    const expected: unknown[] = Array.from({ length: 112 }, (_, i) => `${i + 1}`);
    for (const position of [3, 52, 111]) expected[position - 1] = position;
    expected.push(113, 114, 115);
    await until(async () => (await heldBy(b)).length === 115);
    for (const node of [a, b]) {
      expect(await heldBy(node)).toEqual(expected);
      expect(await node.log.locate("mine", all)).toBe(52);
      expect(await node.log.locate("mine", ({ erased }) => !erased)).toBeUndefined();
    }
    // A node that comes later reads it from Redis.
    const late = await new HubNode(url).started();
    expect(await heldBy(late)).toEqual(expected);
    expect((await idsOf(late)).slice(0, 112)).toEqual([...ids]);
    // Its id can't be given to other content, nor to the same.
    await expect(late.log.append([secret({ id: "mine", topics: ["t"] })])).rejects.toBeInstanceOf(IdConflict);
    expect(await late.log.erase(10_000)).toBeFalse();
    client.close();
  });
}

async function idsOf({ log }: HubNode): Promise<string[]> {
  const ids: string[] = [];
  for (let after = 0; after < log.head; ) {
    const { entries, upTo } = await log.read(after, 50);
    ids.push(...entries.map(({ id }) => id));
    after = upTo;
  }
  return ids;
}

withRedis("the route answers as with other stores, and 503 while Redis is away", async () => {
  const redis = await startRedis();
  await beginLog(redis.url);
  const broker = new Broker({ store: new RedisStore(redis.url) });
  await until(() => broker.log.started);
  const { url } = startHub({ broker });
  const other = new Broker({ store: new RedisStore(redis.url) });
  await until(() => other.log.started);
  const hubs = [url, startHub({ broker: other }).url];
  const event = { type: "n", id: "x", topic: "t", retain: true };
  for (const data of ["personal", "left"]) {
    const id = data === "left" ? { id: "y", topic: "u" } : {};
    await post(`${url}/publish`, { ...event, ...id, data });
  }
  const erase = async (id: string, query = "") =>
    (await fetch(`${url}/history/${id}${query}`, { method: "DELETE" })).status;
  expect([await erase("unheard-of"), await erase("x", "?topic=u"), await erase("x", "?topic=t")]).toEqual([
    ...[404, 404, 204],
  ]);
  expect(await erase("x")).toBe(404);
  for (const hub of hubs) {
    const dataOf = async (path: string, list: "events" | "values") => {
      const answer = await (await fetch(`${hub}${path}`)).json();
      return answer[list].map(({ data }: { data: unknown }) => data);
    };
    await until(async () => (await dataOf("/history", "events")).length === 1);
    expect(await dataOf("/history", "events")).toEqual(["left"]);
    // Whoever had it last goes on after it.
    expect(await dataOf("/history?after=x", "events")).toEqual(["left"]);
    expect(await dataOf("/current", "values")).toEqual(["left"]);
    const reader = await Reader.open(`${hub}/events?last_event_id=x`);
    expect((await reader.take(3)).map(([, data]) => data)).toEqual([
      expect.anything(),
      "left",
      expect.objectContaining({ from: "x", count: 1 }),
    ]);
  }
  await redis.kill();
  await until(() => broker.log.failing);
  expect(await erase("y")).toBe(503);
});

withRedis("several events of one block are erased at once, by two nodes, while others publish", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const nodes = await Promise.all([1, 2, 3].map(() => new HubNode(url).started()));
  const [a, b, c] = nodes as [HubNode, HubNode, HubNode];
  await a.log.append(Array.from({ length: 40 }, (_, i) => draft({ json: `${i + 1}` })));
  await until(() => b.delivered.length === 40);
  const publishing = Promise.all(
    Array.from({ length: 150 }, (_, i) => c.log.append([draft({ json: `"more ${i}"` })])),
  );
  const erased = Array.from({ length: 20 }, (_, i) => 2 * i + 1);
  await Promise.all(erased.map((position, i) => (i % 2 === 0 ? a : b).log.erase(position)));
  await publishing;
  await until(() => nodes.every(({ log }) => log.head === 210));
  const expected = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? i + 1 : `${i + 1}`));
  const late = await new HubNode(url).started();
  for (const node of [...nodes, late]) {
    const held = await heldBy(node);
    expect(held.slice(0, 40)).toEqual(expected);
    expect(held.filter((each) => typeof each === "string" && each.startsWith('"more'))).toHaveLength(150);
  }
  for (const { missed, warnings } of nodes) expect([missed, warnings]).toEqual([[], []]);
});

withRedis("an event that is current is so no more, in Redis and at all nodes", async () => {
  const { url } = await startRedis({ args: PLAIN });
  await beginLog(url);
  const [a, b] = await Promise.all([new HubNode(url).started(), new HubNode(url).started()]);
  await a.log.append([draft({ json: "1", topics: ["t"], retain: true })]);
  await a.log.append([secret({ topics: ["t", "u"], retain: true, id: "x" })]);
  await a.log.append([draft({ json: "3", topics: ["v"], retain: true })]);
  await until(() => valuesOf(b).length === 2);
  expect(await b.log.erase(2)).toBeTrue();
  // What it had replaced is not current again.
  const expected = [["3", "v"]];
  await until(() => [a, b].every((node) => Bun.deepEquals(valuesOf(node), expected)));
  expect(valuesOf(await new HubNode(url).started())).toEqual(expected);
  const client = new RedisClient(url);
  expect(await hasText(client, "secret")).toBeFalse();
  client.close();
});

withRedis("a current value that is past the history is erased, too", async () => {
  const { url } = await startRedis({ args: PLAIN });
  await beginLog(url);
  const options = { bounds: { events: 3 } };
  const [a, b] = await Promise.all([
    new HubNode(url, options).started(),
    new HubNode(url, options).started(),
  ]);
  await a.log.append([secret({ topics: ["t"], retain: true, id: "x" })]);
  const long = JSON.stringify("x".repeat(100_000));
  for (let i = 0; i < 14; i++) await a.log.append([draft({ json: long })]);
  const client = new RedisClient(url);
  expect(Number(await client.send("HLEN", ["{tidings}:archive"]))).toBe(1);
  await until(() => valuesOf(b).length === 1);
  expect(await b.log.erase(1)).toBeTrue();
  expect(await b.log.erase(1)).toBeFalse();
  await until(() => [a, b].every((node) => valuesOf(node).length === 0));
  expect(Number(await client.send("HLEN", ["{tidings}:archive"]))).toBe(0);
  expect(await hasText(client, "secret")).toBeFalse();
  client.close();
});

withRedis("what is erased leaves Redis with the rest when it is past the bounds", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const a = await new HubNode(url, { bounds: { events: 20 } }).started();
  for (let i = 1; i <= 20; i++) await a.log.append([draft({ json: `${i}`, id: `e${i}` })]);
  for (const position of [2, 9, 19]) await a.log.erase(position);
  const client = new RedisClient(url);
  expect(Number(await client.send("ZCARD", ["{tidings}:moved"]))).toBeGreaterThan(3);
  const long = JSON.stringify("x".repeat(100_000));
  for (let i = 0; i < 34; i++) await a.log.append([draft({ json: long })]);
  expect(Number(await client.send("ZCARD", ["{tidings}:moved"]))).toBe(0);
  expect(Number(await client.send("HLEN", ["{tidings}:names"]))).toBe(0);
  expect([a.store.count, a.store.earliest]).toEqual([20, 38]);
  const held: [string, string[]][] = await client.send("XRANGE", ["{tidings}:log", "-", "+"]);
  const sizes = held.map(([, fields]) => Number(fields[fields.indexOf("z") + 1]));
  const [counted, spare]: string[] = await client.send("HMGET", ["{tidings}:meta", "bytes", "spare"]);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(Number(counted) + Number(spare));
  client.close();
});

withRedis(
  "a node that was away is never sent what was erased meanwhile, and forgets what it had",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const proxy = new TcpProxy(redis.port);
    const [a, b] = await Promise.all([new HubNode(redis.url).started(), new HubNode(proxy.url).started()]);
    await a.log.append([draft({ json: "1", topics: ["t"], retain: true }), secret()]);
    await until(() => b.delivered.length === 2);
    proxy.cut();
    await until(() => b.log.failing);
    await a.log.append([secret({ topics: ["t"], retain: true }), secret(), draft({ json: "5" })]);
    for (const position of [2, 3, 4]) expect(await a.log.erase(position)).toBeTrue();
    const failure = b.log.erase(5).catch((error: unknown) => error);
    expect(await failure).toBeInstanceOf(StoreFailure);
    proxy.mend();
    await until(() => b.log.head === 8);
    expect(await heldBy(b)).toEqual(["1", 2, 3, 4, "5", 6, 7, 8]);
    expect(b.delivered.filter(({ json }) => json === SECRET)).toHaveLength(1);
    expect([b.missed, b.rollbacks]).toEqual([[], []]);
    expect([valuesOf(a), valuesOf(b)]).toEqual([[], []]);
  },
);

withRedis("a backup that is being written has nothing of what is erased meanwhile", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const a = await new HubNode(url).started();
  // Each has a block of its own, so most are not in the memory of a node that comes later.
  const some = Array.from({ length: 700 }, (_, i) => draft({ json: `${i}`, topics: [`${i}`], retain: true }));
  await a.log.append([secret({ retain: true }), ...some, secret()]);
  const late = await new HubNode(url).started();
  const path = join(emptyFolder(), "copy.db");
  let isCopied = false;
  const copied = late.store.backup(path).then(() => (isCopied = true));
  await Promise.all([late.log.erase(1), late.log.erase(702)]);
  expect(isCopied).toBeFalse();
  await copied;
  expect((await Bun.file(path).text()).includes("secret")).toBeFalse();
  const file = new Followed(new SqliteStore(path));
  expect([file.count, file.store.current.count]).toEqual([702, 700]);
  await file.store.close();
});
