import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { contentsOf } from "../../../src/log/redis/content.ts";
import { RedisEngine } from "../../../src/log/redis/redis-engine.ts";
import { newWord } from "../../../src/protocol/place.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { killedWhenKept } from "./killed-when-kept.ts";
import { redisProgram, startRedis } from "./redis-server.ts";

const BOUNDS = { events: 10_000, bytes: 1e12, age: 1e12, spare: 1e6, values: 10, valueBytes: 1e6, ends: 10 };

/** As many as take several calls until Redis knows their ids. */
const named = (prefix: string) =>
  Array.from({ length: 2500 }, (_, i) => draft({ id: `${prefix}-${i}`, topics: ["t"] }));

const has = (entry: { topics: readonly string[] }) => entry.topics.includes("t");

test.skipIf(redisProgram === undefined)("ids of a node that was killed are known to the others", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const node = await new HubNode(url).started();
  const client = new RedisClient(url);
  const engine = new RedisEngine("tidings");
  const name = newWord();
  const hello = { node: name, newWord: newWord(), lives: [], head: 0, low: 0, replid: "", seqs: [] };
  const answer = await engine.hello(client, { ...hello, insists: false });
  const word = (answer.state === "open" && answer.lives.at(-1)?.word) || "";
  let seq = 0;
  const appendAndDie = async (prefix: string) => {
    const drafts = named(prefix);
    const blocks = contentsOf(
      drafts,
      drafts.map(() => 0),
    );
    await engine.append(killedWhenKept(client), { node: name, seq: ++seq, word, blocks }, BOUNDS);
    expect(await client.hget("{tidings}:meta", "unnamed")).not.toBe("");
  };

  await appendAndDie("a");
  const [first, ...others] = named("a").slice(1);
  if (!first) throw new Error("no events");
  expect(await node.log.append([first])).toMatchObject([{ position: 2, duplicate: true }]);
  expect(await client.hget("{tidings}:meta", "unnamed")).toBe("");
  const again = await node.log.append(others);
  expect(again.map(({ position, duplicate }) => duplicate && position)).toEqual(others.map((_, i) => i + 3));

  await appendAndDie("b");
  expect(await node.log.locate("b-2499", has)).toBe(5000);
  client.close();
});

test.skipIf(redisProgram === undefined)("a large batch leaves a log within its bounds", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const node = await new HubNode(url, { bounds: { events: 100 } }).started();
  await node.log.append(named("a"));
  expect([node.store.count, node.store.earliest]).toEqual([100, 2401]);
  await until(() => node.delivered.length === 2500);
  expect(await node.log.append(named("a").slice(-1))).toMatchObject([{ duplicate: true, position: 2500 }]);
});
