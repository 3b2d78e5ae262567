import { expect, spyOn, test } from "bun:test";
import { RedisClient } from "bun";
import { Broker } from "../../../src/broker/broker.ts";
import type { Interest } from "../../../src/broker/interest.ts";
import type { Entry } from "../../../src/log/entry.ts";
import { RedisAway } from "../../../src/log/redis/connection.ts";
import { RedisStore } from "../../../src/log/redis/redis-store.ts";
import { OutcomeUnknown, StoreFailure } from "../../../src/log/store.ts";
import { ReaderSink } from "../../broker/reader-sink.ts";
import { defer } from "../../defer.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { type RunningRedis, redisProgram, startRedis } from "./redis-server.ts";
import { hasText } from "./redis-text.ts";
import { startReplica } from "./replica.ts";
import { startSentinel } from "./sentinel.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const withRedis = test.skipIf(redisProgram === undefined);

async function tell(redis: RunningRedis, ...command: [string, ...string[]]): Promise<unknown> {
  const client = new RedisClient(redis.url);
  const [name, ...args] = command;
  return client.send(name, args).finally(() => client.close());
}

/** Until the replica has all that the master has. */
async function inSync(master: RunningRedis): Promise<void> {
  await until(async () => Number(await tell(master, "WAIT", "1", "100")) === 1);
}

function started(url: string, count: number): Promise<HubNode[]> {
  return Promise.all(Array.from({ length: count }, () => new HubNode(url).started()));
}

withRedis(
  "a promoted replica without the newest events is given them back, under the same places",
  async () => {
    const master = await startRedis();
    const replica = await startReplica(master);
    await beginLog(master.url);
    const proxy = new TcpProxy(master.port);
    const nodes = await started(proxy.url, 3);
    for (let i = 0; i < 10; i++) await nodes[i % 3]?.log.append([draft({ id: `id ${i}` }), draft()]);
    await inSync(master);
    // From here on the replica hears nothing more.
    await tell(replica, "REPLICAOF", "127.0.0.1", "1");
    for (let i = 10; i < 15; i++) await nodes[i % 3]?.log.append([draft({ id: `id ${i}` }), draft()]);
    await until(() => nodes.every(({ delivered }) => delivered.length === 30));
    const before = [...(nodes[0]?.ids ?? [])];

    await master.kill();
    await tell(replica, "REPLICAOF", "NO", "ONE");
    proxy.pointAt(replica.port);
    await until(() =>
      nodes.every(({ store }) => store.engine.state === "open" && store.engine.life?.number === 2),
    );
    const again = await nodes[1]?.log.append([draft({ id: "id 14" }), draft({ id: "new" })]);
    expect(again).toMatchObject([
      { position: 29, duplicate: true },
      { position: 31, duplicate: false },
    ]);
    await until(() => nodes.every(({ delivered }) => delivered.length === 31));
    for (const { ids, rollbacks, store } of nodes) {
      expect(ids).toEqual([...before, "new"]);
      expect([rollbacks, store.engine.lost]).toEqual([[], 0]);
    }
    const putBack = nodes.reduce((sum, { store }) => sum + store.engine.putBack, 0);
    expect(putBack).toBeGreaterThanOrEqual(5);
    // A node that comes now reads the same.
    const [late] = await started(proxy.url, 1);
    expect((await late?.log.read(0, 100))?.entries.map(({ id }) => id)).toEqual([...before, "new"]);
  },
);

withRedis("what no node has is lost: it is counted, rolled back, and its place is not reused", async () => {
  const master = await startRedis();
  const replica = await startReplica(master);
  await beginLog(master.url);
  const [away, here] = [new TcpProxy(master.port), new TcpProxy(master.port)];
  const [ahead, behind] = [...(await started(away.url, 1)), ...(await started(here.url, 1))];
  if (!ahead || !behind) throw new Error("no nodes");
  await ahead.log.append([draft(), draft()]);
  await until(() => behind.delivered.length === 2);
  await inSync(master);
  await tell(replica, "REPLICAOF", "127.0.0.1", "1");
  // Only one node learns of what comes now, and it is cut off until the recovery is over.
  here.cut();
  const [lost] = await ahead.log.append([draft({ id: "lost" })]);
  expect(lost?.position).toBe(3);
  away.cut();
  await master.kill();
  await tell(replica, "REPLICAOF", "NO", "ONE");
  here.pointAt(replica.port);
  here.mend();
  await until(() => behind.store.engine.life?.number === 2);
  const [next] = await behind.log.append([draft({ json: "2" })]);
  away.pointAt(replica.port);
  away.mend();
  await until(() => ahead.delivered.length === 3 && ahead.rollbacks.length > 0);
  expect([ahead.rollbacks, ahead.store.engine.lost]).toEqual([[2], 1]);
  expect(ahead.ids).toEqual(behind.ids);
  expect(next?.position).toBe(3);
  expect(await ahead.log.locate("lost", () => true)).toBeUndefined();
  // Its place was of a life that ended before it.
  expect(next?.id.endsWith("-3")).toBe(true);
  expect(await ahead.log.locate(`${behind.delivered[0]?.word}-3`, () => true)).toBeUndefined();
});

withRedis("nothing that is put back has the data of an event that was erased", async () => {
  const master = await startRedis();
  const replica = await startReplica(master, ["--rdbcompression", "no"]);
  await beginLog(master.url);
  const [here, away] = [new TcpProxy(master.port), new TcpProxy(master.port)];
  const [a, b] = [...(await started(here.url, 1)), ...(await started(away.url, 1))];
  if (!a || !b) throw new Error("no nodes");
  const secret = (id: string, more = {}) => draft({ json: '"a secret"', topics: [id], id, ...more });
  await a.log.append([draft(), secret("one"), draft()]);
  await inSync(master);
  await tell(replica, "REPLICAOF", "127.0.0.1", "1");
  await a.log.append([draft({ json: '"now"', topics: ["two"], retain: true })]);
  await a.log.append([secret("two", { retain: true }), secret("three"), draft()]);
  await until(() => b.delivered.length === 7);
  away.cut();
  for (const position of [2, 5, 6]) expect(await a.log.erase(position)).toBeTrue();
  here.cut();
  await master.kill();
  await tell(replica, "REPLICAOF", "NO", "ONE");
  here.pointAt(replica.port);
  away.pointAt(replica.port);
  // This node has not heard of it, and puts back all that it has.
  away.mend();
  await until(() => b.store.engine.state === "recovering");
  here.mend();
  await until(() => [a, b].every(({ store, log }) => store.engine.life?.number === 2 && log.head === 10));
  const [late] = await started(here.url, 1);
  for (const node of [a, b, late]) {
    const entries: Entry[] = [];
    // One read need not bring all.
    for (let stretch = await node?.log.read(0, 20); stretch?.entries.length; ) {
      entries.push(...stretch.entries);
      stretch = await node?.log.read(stretch.upTo, 20);
    }
    expect(entries.filter(({ erased }) => erased).map(({ position }) => position)).toEqual([
      ...[2, 5, 6, 8, 9, 10],
    ]);
    expect(entries.some(({ json }) => json.includes("secret"))).toBeFalse();
    expect(node?.store.current.count).toBe(0);
  }
  const client = new RedisClient(replica.url);
  expect(await hasText(client, "secret")).toBeFalse();
  client.close();
});

withRedis("an erasure that was lost is done again by a node that has heard of it", async () => {
  const master = await startRedis();
  const replica = await startReplica(master, ["--rdbcompression", "no"]);
  await beginLog(master.url);
  const [away, here] = [new TcpProxy(master.port), new TcpProxy(master.port)];
  const [a, b] = [...(await started(away.url, 1)), ...(await started(here.url, 1))];
  if (!a || !b) throw new Error("no nodes");
  await a.log.append([draft({ json: '"a secret"' }), draft()]);
  await until(() => b.delivered.length === 2);
  await inSync(master);
  await tell(replica, "REPLICAOF", "127.0.0.1", "1");
  here.cut();
  expect(await a.log.erase(1)).toBeTrue();
  away.cut();
  await master.kill();
  await tell(replica, "REPLICAOF", "NO", "ONE");
  // So the recovery does not wait for the node that is away.
  await tell(replica, "DEL", "{tidings}:seqs");
  here.pointAt(replica.port);
  here.mend();
  await until(() => b.store.engine.life?.number === 2);
  expect((await b.log.read(0, 1)).entries[0]?.json).toBe('"a secret"');
  away.pointAt(replica.port);
  away.mend();
  await until(async () => (await b.log.read(0, 1)).entries[0]?.erased);
  expect([a.rollbacks, a.store.engine.lost]).toEqual([[2], 1]);
  await until(() => a.warnings.some((warning) => warning.includes("erased again")));
  expect(a.log.head).toBe(3);
  const client = new RedisClient(replica.url);
  expect(await hasText(client, "secret")).toBeFalse();
  client.close();
});

withRedis("a Redis that is killed and has nothing on disk is given the whole window back", async () => {
  const redis = await startRedis();
  await beginLog(redis.url);
  const nodes = await started(redis.url, 2);
  for (let i = 0; i < 20; i++) await nodes[i % 2]?.log.append(Array.from({ length: 10 }, () => draft()));
  await until(() => nodes.every(({ delivered }) => delivered.length === 200));
  const before = [...(nodes[0]?.ids ?? [])];
  await redis.kill();
  await until(() => nodes.every(({ store }) => store.engine.state === "away"));
  await redis.restart();
  await until(() => nodes.every(({ store }) => store.engine.state === "open"));
  const [late] = await started(redis.url, 1);
  expect((await late?.log.read(0, 1000))?.entries.map(({ id }) => id)).toEqual(before);
  expect(nodes.map(({ rollbacks }) => rollbacks)).toEqual([[], []]);
});

withRedis(
  "while Redis does not answer, what is in memory is read, and what was asked is answered once it is back",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const [node] = await started(redis.url, 1);
    if (!node) throw new Error("no node");
    await node.log.append([draft({ id: "before" })]);
    redis.process.kill("SIGSTOP");
    const asked = node.log.append([draft({ id: "meanwhile" })]);
    await until(() => node.store.engine.state === "away");
    expect(node.store.engine.reason).toMatch(/took longer|may have stopped/);
    expect((await node.log.read(0, 10)).entries.map(({ id }) => id)).toEqual(["before"]);
    expect(await node.log.locate("before", () => true)).toBe(1);
    redis.process.kill("SIGCONT");
    expect(await asked).toMatchObject([{ position: 2, duplicate: false }]);
    await until(() => node.delivered.length === 2);
    expect(node.ids).toEqual(["before", "meanwhile"]);
  },
);

withRedis(
  "Sentinels say who the master is, and nodes go over to the new one by themselves",
  async () => {
    const master = await startRedis();
    await startReplica(master);
    await beginLog(master.url);
    const port = await startSentinel(master, [
      "sentinel down-after-milliseconds main 500",
      "sentinel failover-timeout main 3000",
    ]);
    // It has heard of the replica.
    const sentinel = { url: `redis://127.0.0.1:${port}` } as RunningRedis;
    await until(async () => {
      const said = await tell(sentinel, "SENTINEL", "REPLICAS", "main").catch(() => []);
      return Array.isArray(said) && said.length === 1;
    });
    const nodes = await started(`redis+sentinel://127.0.0.1:1,127.0.0.1:${port}/main`, 2);
    await nodes[0]?.log.append([draft({ id: "a" })]);
    const old = nodes[0]?.store.engine.host;
    await master.kill();
    await until(() => nodes.every(({ store }) => store.engine.state === "open" && store.engine.host !== old));
    await nodes[1]?.log.append([draft({ id: "b" })]);
    await until(() => nodes.every(({ delivered }) => delivered.length === 2));
    expect(nodes.map(({ ids }) => ids)).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
  },
  60_000,
);

withRedis(
  "readers that come back while Redis is away get what is in memory, and wait for the rest",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const broker = new Broker({ store: new RedisStore(redis.url) });
    defer(() => broker.close());
    await until(() => broker.log.started);
    const beginning = broker.log.place(0);
    for (let i = 0; i < 20; i++) await broker.publish({ type: "t", data: i });
    await redis.kill();
    await until(() => broker.log.failing);
    const interest: Interest = { topics: [], types: [], privateTopics: [] };
    const back = Array.from({ length: 1000 }, () => new ReaderSink());
    for (const sink of back) broker.addClient(sink, { interest, lastEventId: beginning });
    const unknown = new ReaderSink();
    broker.addClient(unknown, { interest, lastEventId: "bbbbbbbbbbbb-3" });
    await until(() => back.every((sink) => sink.read.events.length === 22));
    expect(unknown.read.events).toHaveLength(1);
    expect(await broker.publish({ type: "t", data: 20 }).catch((error) => error)).toBeInstanceOf(
      StoreFailure,
    );
    // It comes back without a thing, and is given all by this node.
    await redis.restart();
    await until(() => unknown.read.events.length > 1);
    expect(unknown.read.events.slice(1, 3).map(({ event, data }) => [event, data])).toEqual([
      ["tidings.gap", expect.stringContaining("bbbbbbbbbbbb-3")],
      ["t", "0"],
    ]);
    await broker.publish({ type: "t", data: 21 });
    await until(() => back.every((sink) => sink.read.events.length === 23));
  },
  60_000,
);

withRedis(
  "what was published before and is erased while the rest is appended is not acknowledged",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const line = new TcpProxy(redis.port);
    const node = await new HubNode(line.url).started();
    const mine = draft({ id: "mine" });
    await node.log.append([mine]);
    const found = Promise.withResolvers<void>();
    line.rewrite = (answer) => {
      // What the node asks next does not come to Redis before all is erased.
      if (answer.includes("held")) {
        queueMicrotask(() => line.hold());
        found.resolve();
      }
      return answer;
    };
    const outcome = node.log.append([mine, draft({ id: "other" })]).catch(({ cause }) => cause);
    await found.promise;
    await tell(redis, "FLUSHALL");
    line.rewrite = undefined;
    line.mend();
    expect(await outcome).toBeInstanceOf(OutcomeUnknown);
    expect(await node.log.append([mine])).toMatchObject([{ id: "mine", duplicate: false }]);
    expect(await node.log.append([draft({ id: "other" })])).toMatchObject([{ duplicate: true }]);
  },
);

withRedis("an append that a replica has refused is known not to be kept", async () => {
  const redis = await startRedis();
  await beginLog(redis.url);
  const line = new TcpProxy(redis.port);
  const node = await new HubNode(line.url).started();
  await node.log.append([draft()]);
  let shift = 0;
  const now = performance.now.bind(performance);
  const clock = spyOn(performance, "now").mockImplementation(() => now() + shift);
  defer(() => clock.mockRestore());
  // No other master comes for so long that the publisher is answered.
  line.rewrite = (answer) => {
    if (answer.includes("READONLY")) shift = 60_000;
    return answer;
  };
  await tell(redis, "REPLICAOF", "127.0.0.1", "1");
  const outcome = node.log.append([draft({ id: "refused" })]).catch(({ cause }) => cause);
  expect(await outcome).toBeInstanceOf(RedisAway);
  expect(await tell(redis, "XLEN", "{tidings}:log")).toBe(1);
});

withRedis("what was kept is acknowledged, though what it left to be done is refused", async () => {
  const redis = await startRedis();
  await beginLog(redis.url);
  const line = new TcpProxy(redis.port);
  const node = await new HubNode(line.url).started();
  const isFull = Promise.withResolvers<unknown>();
  line.rewrite = (answer) => {
    if (answer.includes("\r\nkept\r\n")) {
      line.rewrite = undefined;
      line.hold();
      isFull.resolve(tell(redis, "CONFIG", "SET", "maxmemory", "1"));
    }
    return answer;
  };
  const kept = node.log.append(Array.from({ length: 1500 }, (_, i) => draft({ id: `e${i}` })));
  await isFull.promise;
  line.mend();
  expect(await kept).toHaveLength(1500);
  expect(String(await node.log.append([draft()]).catch(({ cause }) => cause))).toContain("memory is full");
});
