import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { RedisEngine } from "../../../src/log/redis/redis-engine.ts";
import { newWord } from "../../../src/protocol/place.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisProgram, startRedis } from "./redis-server.ts";

// What somebody does to the keys of a hub by hand.
const withRedis = test.skipIf(redisProgram === undefined);

const long = draft({ json: JSON.stringify("x".repeat(60_000)) });

withRedis("a stream that was trimmed or deleted by hand holds what comes afterwards", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const client = new RedisClient(url);
  const node = await new HubNode(url, { bounds: { events: 20 } }).started();
  // So many that what is past the bounds has begun to leave Redis.
  for (let i = 0; i < 45; i++) await node.log.append([long]);
  await client.send("XTRIM", ["{tidings}:log", "MAXLEN", "5"]);
  for (let i = 0; i < 10; i++) await node.log.append([draft()]);
  expect([node.store.earliest, node.store.count]).toEqual([41, 15]);
  await client.del("{tidings}:log");
  for (let i = 0; i < 40; i++) await node.log.append([long]);
  expect([node.store.earliest, node.store.count]).toEqual([76, 20]);
  expect((await node.store.read(0, 100)).entries.map(({ position }) => position)).toEqual(
    Array.from({ length: 20 }, (_, i) => 76 + i),
  );
  client.close();
});

withRedis("a stream that was deleted by hand holds nothing at any node, though no event comes", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const client = new RedisClient(url);
  const nodes = await Promise.all([0, 1].map(() => new HubNode(url).started()));
  for (let i = 0; i < 10; i++) await nodes[0]?.log.append([draft()]);
  await until(() => nodes.every(({ store }) => store.count === 10));
  await client.send("XTRIM", ["{tidings}:log", "MAXLEN", "4"]);
  await until(() => nodes.every(({ store }) => store.count === 4 && store.earliest === 7));
  await client.del("{tidings}:log");
  await until(() => nodes.every(({ store }) => store.count === 0 && store.bytes === 0));
  // None of it is in memory either.
  for (const { store } of nodes) expect((await store.read(0, 100)).entries).toEqual([]);
  await nodes[1]?.log.append([draft({ id: "next" })]);
  await until(() => nodes.every(({ store }) => store.count === 1 && store.earliest === 11));
  client.close();
});

withRedis("current values whose keys were deleted by hand are set anew", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const client = new RedisClient(url);
  const node = await new HubNode(url, { currentBounds: { values: 3 } }).started();
  const set = (topic: string) => node.log.append([draft({ topics: [topic], retain: true })]);
  for (const topic of ["a", "b", "c"]) await set(topic);
  await client.del("{tidings}:sizes");
  for (const topic of ["a", "b", "d", "e", "f"]) await set(topic);
  await client.del("{tidings}:current");
  for (const topic of ["a", "b", "c", "d"]) await set(topic);
  expect(await client.zcard("{tidings}:current")).toBe(3);
  client.close();
});

withRedis("without what says where the log stands, all of it begins anew", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const client = new RedisClient(url);
  const node = await new HubNode(url).started();
  await node.log.append([draft({ id: "a", json: "1" })]);
  await client.del("{tidings}:meta");
  await node.log.append([draft({ id: "b", json: "2" })]);
  // Its position is that of another event now.
  expect(await node.log.append([draft({ id: "a", json: "1" })])).toMatchObject([{ position: 2 }]);
  await until(() => node.delivered.length === 2);
  expect(await client.send("XLEN", ["{tidings}:log"])).toBe(2);
  client.close();
});

withRedis("what somebody writes to the stream is removed, and events are kept above it", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const client = new RedisClient(url);
  const nodes = [await new HubNode(url).started(), await new HubNode(url).started()];
  const [a, b] = nodes;
  const write = (id: string) => client.send("XADD", ["{tidings}:log", id, "some", "thing"]);
  const append = async (id: string) => expect(await a?.log.append([draft({ id })])).toHaveLength(1);
  await append("before");
  for (const id of ["*", "99999999999998-7"]) {
    await write(id);
    await append(`after ${id}`);
    await until(() => nodes.every(({ warnings }) => warnings.join().includes("is no entry of a hub")));
  }
  // Also when whoever wrote it has deleted it.
  await client.send("EVAL", [
    "redis.call('XDEL', KEYS[1], redis.call('XADD', KEYS[1], '*', 'some', 'thing'))",
    "1",
    "{tidings}:log",
  ]);
  await append("after all");
  await until(() => nodes.every(({ ids }) => ids.length === 4));
  expect(nodes.map(({ rollbacks }) => rollbacks)).toEqual([[], []]);
  const late = await new HubNode(url).started();
  expect((await late.log.read(0, 10)).entries.map(({ id }) => id)).toEqual([...(b?.ids ?? [])]);

  await write("999999999999999-1");
  await until(() => a?.store.engine.reason);
  expect(a?.store.engine.reason).toContain("above which no event can be kept: DEL {tidings}:log");
  await client.del("{tidings}:log");
  await until(() => a?.store.engine.state === "open");
  await append("at last");
  client.close();
});

withRedis("however much somebody writes to the stream, no call removes all of it", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const client = new RedisClient(url);
  const node = await new HubNode(url).started();
  await node.log.append([draft({ id: "before" })]);
  await node.log.close();
  const script = "for i = 1, 3000 do redis.call('XADD', KEYS[1], '*', 'some', 'thing') end";
  await client.send("EVAL", [script, "1", "{tidings}:log"]);
  const lengths = [Number(await client.send("XLEN", ["{tidings}:log"]))];
  const commands = {
    send: async (command: string, args: readonly string[]) => {
      const reply = await client.send(command, [...args]);
      lengths.push(Number(await client.send("XLEN", ["{tidings}:log"])));
      return reply;
    },
  };
  const hello = { node: "n", newWord: newWord(), lives: [], head: 0, low: 0, replid: "", seqs: [] };
  const answer = await new RedisEngine("tidings").hello(commands, { ...hello, insists: false });
  expect(answer).toMatchObject({ state: "open", head: 1 });
  expect(lengths[0]).toBe(3001);
  expect(lengths.at(-1)).toBe(1);
  const removed = lengths.slice(1).map((length, i) => (lengths[i] ?? 0) - length);
  expect(Math.max(...removed)).toBeLessThan(500);
  const later = await new HubNode(url).started();
  expect(await later.log.append([draft({ id: "after" })])).toMatchObject([{ position: 2 }]);
  client.close();
});

withRedis(
  "a log that is set back by hand while nodes run is put back before anything new is kept",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const client = new RedisClient(url);
    const [a, b] = [await new HubNode(url).started(), await new HubNode(url).started()];
    const script =
      "for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do redis.call('COPY', key, ARGV[2] .. string.match(key, ':.*'), 'REPLACE') end";
    const copy = (from: string, to: string) => client.send("EVAL", [script, "0", from, to]);
    await a.log.append([draft({ id: "a" })]);
    await copy("{tidings}", "{before}");
    for (const id of ["b", "c"]) await a.log.append([draft({ id })]);
    await until(() => b.ids.length === 3);
    await copy("{before}", "{tidings}");
    const receipts = await Promise.all([b, a].map(({ log }, i) => log.append([draft({ id: `later${i}` })])));
    expect(new Set(receipts.flat().map(({ position }) => position))).toEqual(new Set([4, 5]));
    await until(() => [a, b].every(({ ids }) => ids.length === 5));
    expect(a.ids.slice(0, 3)).toEqual(["a", "b", "c"]);
    expect(a.ids).toEqual([...b.ids]);
    expect([a, b].map(({ rollbacks }) => rollbacks)).toEqual([[], []]);
    client.close();
  },
);
