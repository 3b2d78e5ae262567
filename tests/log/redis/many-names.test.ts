import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import type { Draft } from "../../../src/log/entry.ts";
import type { Commands } from "../../../src/log/redis/commands.ts";
import { RedisAway } from "../../../src/log/redis/connection.ts";
import { contentsOf } from "../../../src/log/redis/content.ts";
import type { Append, AppendAnswer } from "../../../src/log/redis/engine.ts";
import { RedisEngine } from "../../../src/log/redis/redis-engine.ts";
import { OutcomeUnknown } from "../../../src/log/store.ts";
import { newWord } from "../../../src/protocol/place.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { killedWhenKept } from "./killed-when-kept.ts";
import { redisProgram, startRedis } from "./redis-server.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const BOUNDS = { events: 10_000, bytes: 1e12, age: 1e12, spare: 1e6, values: 10, valueBytes: 1e6, ends: 10 };

/** As many as take several calls until Redis knows their ids. */
const named = (prefix: string) =>
  Array.from({ length: 2500 }, (_, i) => draft({ id: `${prefix}-${i}`, topics: ["t"] }));

/** The first append of another node, in the life that begins or goes on with its hello. */
async function firstAppend(client: RedisClient, prefix: string): Promise<Append> {
  const node = newWord();
  const hello = {
    node,
    newWord: newWord(),
    lives: [],
    head: 0,
    low: 0,
    replid: "",
    seqs: [],
    insists: false,
  };
  const answer = await new RedisEngine("tidings").hello(client, hello);
  const word = (answer.state === "open" && answer.lives.at(-1)?.word) || "";
  const drafts = named(prefix);
  const blocks = contentsOf(
    drafts,
    drafts.map(() => 0),
  );
  return { node, seq: 1, word, head: 0, blocks };
}

const has = (entry: { topics: readonly string[] }) => entry.topics.includes("t");

test.skipIf(redisProgram === undefined)("ids of a node that was killed are known to the others", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const node = await new HubNode(url).started();
  const client = new RedisClient(url);
  const engine = new RedisEngine("tidings");
  const appendAndDie = async (prefix: string) => {
    await engine.append(killedWhenKept(client), await firstAppend(client, prefix), BOUNDS);
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

interface Others {
  readonly node: HubNode;
  readonly client: RedisClient;
  /** What is about to be kept. */
  readonly append: Append;
}

/** What others do while the names of a batch are looked up, or just before it is to be kept. */
const meanwhile: readonly {
  readonly about: string;
  readonly others: (others: Others) => Promise<unknown>;
  /** After so many calls; after all that look up, unless it is said. */
  readonly after?: number;
  readonly calls: string;
  readonly result: AppendAnswer["result"];
}[] = [
  {
    about: "other ids came",
    others: ({ node }) => node.log.append([draft(), draft({ id: "b-1", topics: ["t"] })]),
    ...{ calls: "3 look_up, 1 append", result: "kept" },
  },
  {
    about: "one of the ids came",
    others: ({ node }) => node.log.append([draft({ id: "a-2499", topics: ["t"] })]),
    ...{ calls: "3 look_up, 1 append, 3 look_up", result: "held" },
  },
  {
    about: "one of the ids came, of those that were looked up first",
    others: ({ node }) => node.log.append([draft({ id: "a-0", topics: ["t"] })]),
    ...{ after: 1, calls: "3 look_up, 1 append, 1 look_up", result: "held" },
  },
  {
    about: "one of the ids came, and its event was erased",
    others: async ({ node }) => {
      await node.log.append([draft({ id: "a-0", topics: ["t"] })]);
      expect(await node.log.erase(1)).toBeTrue();
    },
    ...{ calls: "3 look_up, 1 append, 1 look_up", result: "held" },
  },
  {
    about: "one of the ids came on another topic",
    others: ({ node }) => node.log.append([draft({ id: "a-1", topics: ["u"] })]),
    ...{ calls: "3 look_up, 1 append, 3 look_up, 1 append", result: "kept" },
  },
  {
    about: "more ids came than one call looks through",
    others: ({ node }) => node.log.append(named("b").slice(0, 1000)),
    ...{ calls: "3 look_up, 1 append, 3 look_up, 1 append", result: "kept" },
  },
  {
    about: "the ids came, of a node that was killed when they were kept",
    others: async ({ client }) =>
      new RedisEngine("tidings").append(killedWhenKept(client), await firstAppend(client, "a"), BOUNDS),
    ...{ calls: "3 look_up, 1 append, 1 look_up", result: "held" },
  },
  {
    about: "it was kept by a try before",
    others: ({ client, append }) => new RedisEngine("tidings").append(client, append, BOUNDS),
    ...{ calls: "3 look_up, 1 append", result: "again" },
  },
  {
    about: "the log was erased",
    others: ({ client }) => client.send("FLUSHALL", []),
    ...{ calls: "3 look_up, 1 append", result: "hello" },
  },
];

test.skipIf(redisProgram === undefined).each([...meanwhile])(
  "ids that had been looked up are kept once, though $about",
  async ({ others, after = 3, calls, result }) => {
    const { url } = await startRedis();
    await beginLog(url);
    const node = await new HubNode(url).started();
    const client = new RedisClient(url);
    const append = await firstAppend(client, "a");
    const asked: string[] = [];
    const commands: Commands = {
      async send(command, args) {
        const isAgain = command === "EVAL";
        const operation = isAgain ? undefined : args.find((arg) => arg === "look_up" || arg === "append");
        if (operation && asked.push(operation) === after + 1) await others({ node, client, append });
        return client.send(command, [...args]);
      },
    };

    expect((await new RedisEngine("tidings").append(commands, append, BOUNDS)).result).toBe(result);
    const runs = asked.join(" ").match(/(\w+)( \1)*/g) ?? [];
    expect(runs.map((run) => `${run.split(" ").length} ${run.split(" ")[0]}`).join(", ")).toBe(calls);
    client.close();
  },
);

test.skipIf(redisProgram === undefined)(
  "others that never pause do not delay many ids for ever",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const node = await new HubNode(url).started();
    const client = new RedisClient(url);
    let calls = 0;
    const commands: Commands = {
      async send(command, args) {
        if (args.includes("append")) await node.log.append([draft({ id: "a-0", topics: [`${++calls}`] })]);
        return client.send(command, [...args]);
      },
    };
    const answer = await new RedisEngine("tidings").append(commands, await firstAppend(client, "a"), BOUNDS);
    expect([answer.result, calls]).toEqual(["kept", 4]);
    client.close();
  },
);

test.skipIf(redisProgram === undefined)("a large batch leaves a log within its bounds", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const node = await new HubNode(url, { bounds: { events: 100 } }).started();
  await node.log.append(named("a"));
  expect([node.store.count, node.store.earliest]).toEqual([100, 2401]);
  await until(() => node.delivered.length === 2500);
  expect(await node.log.append(named("a").slice(-1))).toMatchObject([{ duplicate: true, position: 2500 }]);
});

test.skipIf(redisProgram === undefined)(
  "nothing is kept of many ids when the connection is lost while they are looked up",
  async () => {
    const { url, port } = await startRedis();
    await beginLog(url);
    const proxy = new TcpProxy(port);
    const node = await new HubNode(proxy.url).started();
    const others = await new HubNode(url).started();
    proxy.hear = (question) => question.includes("look_up") && proxy.cut();
    const failure = await node.log.append(named("a")).catch(({ cause }: Error) => cause);
    expect(failure).toBeInstanceOf(RedisAway);
    expect(others.log.head).toBe(0);
  },
);

test.skipIf(redisProgram === undefined)(
  "nothing is kept of many ids when Redis can't look them up, though it may be of what came before",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const node = await new HubNode(url).started();
    const client = new RedisClient(url);
    await client.set("{tidings}:names", "no hash");
    const causeOf = (drafts: Draft[]) => node.log.append(drafts).catch(({ cause }: Error) => cause);
    expect(await causeOf(named("a"))).toBeInstanceOf(RedisAway);
    expect(node.log.head).toBe(0);
    // All wait for one append, which takes two calls.
    const causes = await Promise.all([causeOf([draft()]), causeOf(named("a"))]);
    expect(causes).toEqual([expect.any(OutcomeUnknown), expect.any(OutcomeUnknown)]);
    expect(node.log.head).toBe(1);
    client.close();
  },
);
