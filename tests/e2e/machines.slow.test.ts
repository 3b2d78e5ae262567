import { expect, test } from "bun:test";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { publish, statusOf } from "./hub-client.ts";

const withRedis = test.skipIf(redisProgram === undefined);
const TIMEOUT = 60_000;

/** Two nodes that know of each other, and their Redis. */
async function twoNodes(...args: string[]) {
  const redis = await startRedis();
  await beginLog(redis.url);
  const serve = () => serveBinary(emptyFolder(), "--store", redis.url, ...args);
  const [a, b] = await Promise.all([serve(), serve()]);
  for (const { url } of [a, b]) await until(async () => (await statusOf(url)).nodes?.length === 2);
  return { redis, serve, a, b };
}

async function recipientsOf(url: string): Promise<number> {
  const answer = await publish(url, { type: "n", data: 0, topic: "a" });
  return ((await answer.json()) as { recipients: number }).recipients;
}

async function clientsOf(url: string): Promise<{ id: string }[]> {
  return ((await (await fetch(`${url}/clients`)).json()) as { clients: { id: string }[] }).clients;
}

withRedis(
  "nodes of two machines are one hub: counts, clients, removal, leaving",
  async () => {
    const { redis, a, b } = await twoNodes();
    const readers = await Promise.all([a, b, b].map(({ url }) => Reader.open(`${url}/events?topic=a`)));
    for (const { url } of [a, b]) {
      await until(async () => (await statusOf(url)).connected_clients === 3);
      await until(async () => (await recipientsOf(url)) === 3);
      expect(await clientsOf(url)).toHaveLength(3);
    }
    const [first] = readers;
    const own = (await statusOf(a.url)).nodes?.find(({ connected_clients }) => connected_clients === 1);
    expect(own).toBeDefined();
    // Removed through the node that does not have it.
    for (const { id } of await clientsOf(a.url)) {
      expect((await fetch(`${b.url}/clients/${id}`, { method: "DELETE" })).ok).toBe(true);
    }
    await until(async () => (await clientsOf(a.url)).length === 0);
    for (let event = await first?.next(); event; event = await first?.next());
    await until(async () => (await recipientsOf(a.url)) === 0);

    // By address, through the node that does not have it.
    await Reader.open(`${a.url}/events?topic=a`);
    await until(async () => (await clientsOf(b.url)).length === 1);
    const removed = await fetch(`${b.url}/clients?address=127.0.0.1`, { method: "DELETE" });
    expect(await removed.json()).toEqual({ removed: 1 });
    await until(async () => (await recipientsOf(a.url)) === 0);

    // They meet again after Redis was away.
    await redis.kill();
    await redis.restart();
    await until(async () => (await publish(a.url, { type: "n", data: 1 })).ok);
    await Reader.open(`${b.url}/events?topic=a`);
    await until(async () => (await recipientsOf(a.url)) === 1);

    // One that leaves is not waited for.
    b.kill("SIGTERM");
    await b.exited;
    await until(async () => (await statusOf(a.url)).silent === undefined);
    expect(await recipientsOf(a.url)).toBe(0);
  },
  TIMEOUT,
);

withRedis(
  "a silent node is named, and does what it was told when it is back",
  async () => {
    const { a, b } = await twoNodes();
    const reader = await Reader.open(`${b.url}/events?topic=a`);
    await until(async () => (await clientsOf(a.url)).length === 1);
    const [client] = await clientsOf(a.url);
    process.kill(b.pid, "SIGSTOP");
    defer(() => process.kill(b.pid, "SIGCONT"));
    const { nodes, silent } = await statusOf(a.url);
    expect(nodes).toHaveLength(1);
    expect(silent).toHaveLength(1);
    const answer = await fetch(`${a.url}/clients/${client?.id}`, { method: "DELETE" });
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("no answer of node");
    process.kill(b.pid, "SIGCONT");
    for (let event = await reader.next(); event; event = await reader.next());
    await until(async () => (await clientsOf(a.url)).length === 0);
  },
  TIMEOUT,
);
