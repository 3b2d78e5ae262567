import { expect, test } from "bun:test";
import { join } from "node:path";
import { RedisClient } from "bun";
import { SqliteStore } from "../../../src/log/sqlite/sqlite-store.ts";
import { IdConflict } from "../../../src/log/store.ts";
import { emptyFolder } from "../../folder.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { Followed } from "../followed.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisPrograms, startRedis } from "./redis-server.ts";

const all = () => true;

for (const program of redisPrograms) {
  test(`two nodes share one log, in ${program}`, async () => {
    const { url } = await startRedis({ program });
    await beginLog(url);
    const [a, b] = await Promise.all([new HubNode(url).started(), new HubNode(url).started()]);
    const named = draft({
      id: "mine",
      json: '"é\\n\u{1f600}"',
      topics: ["t/1", "t/2"],
      private: true,
      retry: 5,
    });
    const [first, second] = await a.log.append([draft({ type: undefined }), named]);
    expect([first?.position, second?.position, second?.id]).toEqual([1, 2, "mine"]);
    await until(() => b.delivered.length === 2);
    expect(b.delivered[1]).toMatchObject({
      ...named,
      position: 2,
      recipients: 1,
      word: b.delivered[0]?.word,
    });

    // At the other node, with its topics in another order.
    const again = { ...named, topics: ["t/2", "t/1", "t/2"] };
    expect(await b.log.append([again, draft()])).toMatchObject([
      { position: 2, id: "mine", duplicate: true },
      { position: 3, duplicate: false },
    ]);
    await expect(b.log.append([draft(), { ...named, json: "2" }])).rejects.toBeInstanceOf(IdConflict);
    await b.log.append([{ ...named, topics: ["other"] }]);
    await until(() => a.delivered.length === 4);
    expect(a.ids).toEqual(b.ids);
    expect(await a.log.locate("mine", all)).toBe(2);
    expect(await a.log.locate("mine", ({ topics }) => topics.includes("other"))).toBe(4);
    expect(await a.log.locate(b.log.place(3), all)).toBe(3);
    expect(await a.log.locate("nobody's", all)).toBeUndefined();
  });
}

test.skipIf(redisPrograms.length === 0)("many appends at once come in one order, each once", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const nodes = await Promise.all([1, 2, 3].map(() => new HubNode(url).started()));
  const receipts = await Promise.all(
    Array.from({ length: 600 }, async (_, i) => {
      if (i % 7 === 0) await Bun.sleep(1);
      return nodes[i % 3]?.log.append([draft({ json: `${i}` }), draft({ json: `${i}` })]);
    }),
  );
  await until(() => nodes.every(({ delivered }) => delivered.length === 1200));
  const [first] = nodes;
  for (const { delivered } of nodes) expect(delivered.map(({ id }) => id)).toEqual([...(first?.ids ?? [])]);
  const positions = receipts.flatMap((each) => each?.map(({ position }) => position) ?? []);
  expect([...positions].sort((a, b) => a - b)).toEqual(Array.from({ length: 1200 }, (_, i) => i + 1));
});

test.skipIf(redisPrograms.length === 0)(
  "a node reads what was there before it came, and its bounds hold",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const bounds = { events: 250 };
    const a = await new HubNode(url, { bounds }).started();
    for (let i = 0; i < 40; i++)
      await a.log.append(Array.from({ length: 10 }, () => draft({ json: `${i}` })));
    const b = await new HubNode(url, { bounds }).started();
    expect([b.log.head, b.log.earliest, b.store.count]).toEqual([400, 151, 250]);
    expect(await b.log.read(0, 5)).toMatchObject({ missing: { from: 1, to: 150 }, upTo: 155 });
    const { entries } = await b.log.read(390, 100);
    expect(entries.map(({ position }) => position)).toEqual(Array.from({ length: 10 }, (_, i) => 391 + i));
    expect(await b.log.locate(a.log.place(149), all)).toBeUndefined();
    expect(await b.log.locate(a.log.place(150), all)).toBe(150);
    expect(b.delivered).toEqual([]);
  },
);

test.skipIf(redisPrograms.length === 0)("old events go by their age on Redis's clock", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const a = await new HubNode(url, { bounds: { age: 100 } }).started();
  await a.log.append([draft({ id: "old" })]);
  await until(async () => {
    await a.store.trim();
    return a.store.count === 0;
  });
  expect(await a.log.append([draft({ id: "old", json: "2" })])).toMatchObject([
    { position: 2, duplicate: false },
  ]);
});

test.skipIf(redisPrograms.length === 0)(
  "what was erased on purpose is not put back, and positions are not reused in silence",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const a = await new HubNode(url).started();
    await a.log.append([draft(), draft()]);
    const old = a.log.place(2);
    await new RedisClient(url).send("FLUSHALL", []);
    const [receipt] = await a.log.append([draft({ json: "2" })]);
    expect(receipt?.position).toBe(1);
    expect(receipt?.id).not.toBe(old.replace("-2", "-1"));
    expect([a.rollbacks, a.log.lost, a.store.engine.lost, a.store.engine.putBack]).toEqual([[0], 2, 2, 0]);
    expect(await a.log.locate(old, all)).toBeUndefined();
  },
);

test.skipIf(redisPrograms.length === 0)("a damaged block is left out, and the next is read", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const a = await new HubNode(url).started();
  await a.log.append([draft({ json: '"whole"' })]);
  const client = new RedisClient(url);
  const [id, fields] = (await client.send("XREVRANGE", ["{tidings}:log", "+", "-", "COUNT", "1"]))[0];
  const text = fields[fields.indexOf("b") + 1];
  fields[fields.indexOf("b") + 1] = text.replace("whole", "hurt!");
  await client.send("XDEL", ["{tidings}:log", id]);
  await client.send("XADD", [
    "{tidings}:log",
    id.replace("-1", "-2"),
    ...fields.with(fields.indexOf("f") + 1, "2").with(fields.indexOf("l") + 1, "2"),
  ]);
  await client.send("HSET", ["{tidings}:meta", "head", "2"]);
  await until(() => a.warnings.some((warning) => warning.includes("damaged")));
  const [receipt] = await a.log.append([draft()]);
  expect(receipt?.position).toBe(3);
  await until(() => a.delivered.length === 2);
  expect(await a.log.read(1, 10)).toMatchObject({ missing: { from: 2, to: 2 }, entries: [{ position: 3 }] });
});

test.skipIf(redisPrograms.length === 0)(
  "a node stops at a block of a later version, and says so",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const a = await new HubNode(url).started();
    await a.log.append([draft()]);
    const client = new RedisClient(url);
    const [id, fields] = (await client.send("XREVRANGE", ["{tidings}:log", "+", "-", "COUNT", "1"]))[0];
    const later = fields[fields.indexOf("b") + 1].slice(17).replace(/^1/, "2");
    const checksum = Bun.hash.xxHash64(later).toString(16).padStart(16, "0");
    const values: string[] = fields.with(fields.indexOf("b") + 1, `${checksum} ${later}`);
    for (const name of ["f", "l"]) values[values.indexOf(name) + 1] = "2";
    await client.send("XADD", ["{tidings}:log", id.replace(/-1$/, "-2"), ...values]);
    await until(() => a.store.engine.state === "away");
    expect(a.store.engine.reason).toMatch(/^upgrade Tidings here: .* version 2,/);
    await expect(a.log.append([draft()])).rejects.toThrow("version 2");
    expect(a.ids).toHaveLength(1);
  },
);

test.skipIf(redisPrograms.length === 0)(
  "a node that starts holds no event that Redis has let go of",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const bounds = { events: 3, bytes: 2000 };
    const first = await new HubNode(url, { bounds }).started();
    // Redis keeps it for a while, for nodes that are about to follow.
    await first.log.append([draft({ json: JSON.stringify("x".repeat(20_000)) })]);
    await until(() => first.delivered.length === 1);
    const second = await new HubNode(url, { bounds }).started();
    expect([second.log.head, second.log.earliest, second.log.store.count]).toEqual([1, undefined, 0]);
    expect((await second.log.read(0, 10)).entries).toEqual([]);
  },
);

test.skipIf(redisPrograms.length === 0)("a hub goes on from a backup of Redis", async () => {
  const redis = await startRedis();
  await beginLog(redis.url);
  const a = await new HubNode(redis.url).started();
  await a.log.append([draft({ json: '"erased"' }), draft({ id: "x", topics: ["t"], retain: true }), draft()]);
  await a.log.erase(1);
  const client = new RedisClient(redis.url);
  await client.send("SAVE", []);
  client.close();
  const [later] = await a.log.append([draft()]);
  await redis.kill();
  await a.log.close();
  const folder = emptyFolder();
  await Bun.write(join(folder, "dump.rdb"), Bun.file(join(redis.folder, "dump.rdb")));
  const restored = await startRedis({ folder });
  // So the recovery does not wait for the node that was there.
  await new RedisClient(restored.url).send("DEL", ["{tidings}:seqs"]);
  const b = await new HubNode(restored.url).started();
  const { entries } = await b.log.read(0, 10);
  expect(entries.map(({ id, erased }) => (erased ? undefined : id))).toEqual([
    ...[undefined, "x", a.ids[2], undefined],
  ]);
  expect(b.store.current.count).toBe(1);
  // Its place is of the life that has ended.
  expect(await b.log.locate(later?.id ?? "", all)).toBeUndefined();
  expect(await b.log.append([draft()])).toMatchObject([{ position: 5, id: b.log.place(5) }]);
});

test.skipIf(redisPrograms.length === 0)("a backup holds what is held, and a hub opens it", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const a = await new HubNode(url, { bounds: { events: 1000 } }).started();
  await a.log.append([draft({ json: "0", topics: ["t"], retain: true })]);
  for (let i = 1; i <= 13; i++) {
    await a.log.append(Array.from({ length: 100 }, (_, n) => draft({ json: `${i}.${n}`, id: `e${i}.${n}` })));
  }
  await a.log.clearCurrent("t", "none");
  const path = join(emptyFolder(), "copy.db");
  await a.store.backup(path);
  const file = new Followed(new SqliteStore(path));
  expect([file.head, file.count, file.earliest?.position]).toEqual([1301, 1000, 302]);
  const idsOf = (entries: readonly { id: string }[]) => entries.map(({ id }) => id);
  expect(idsOf(await file.read(310, 50))).toEqual(idsOf((await a.log.read(310, 50)).entries));
  expect(file.store.current.read(0, 1e6, 10).values.map(({ entry }) => entry.json)).toEqual(["0"]);
  await file.store.close();

  // What is published meanwhile is in the copy as a whole, or not at all.
  const second = join(emptyFolder(), "second.db");
  const copied = a.store.backup(second);
  await a.log.append([draft({ json: '"later"', topics: ["t"], retain: true })]);
  await copied;
  const both = new Followed(new SqliteStore(second));
  const value = both.store.current.read(0, 1e6, 10).values.map(({ entry }) => entry.json);
  expect([
    [1301, ["0"]],
    [1302, ['"later"']],
  ]).toContainEqual([both.head, value]);
  await both.store.close();
});
