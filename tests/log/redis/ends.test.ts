import { expect, test } from "bun:test";
import { IdConflict, TopicEnded } from "../../../src/log/store.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisPrograms, startRedis } from "./redis-server.ts";

const on = (topic: string, more: Parameters<typeof draft>[0] = {}) => draft({ topics: [topic], ...more });
const last = (topic: string, more: Parameters<typeof draft>[0] = {}) => on(topic, { end: true, ...more });

/** Why an append of these is refused; undefined when it is kept. */
const refusal = (node: HubNode, ...drafts: ReturnType<typeof draft>[]) =>
  node.log.append(drafts).then(
    () => undefined,
    (error: unknown) => error,
  );

const endsOf = ({ store }: HubNode) => store.ended.all().map((end) => [end.topic, end.position, end.private]);

for (const program of redisPrograms) {
  test(`a topic that has ended has at every node, and is opened for all, in ${program}`, async () => {
    const { url } = await startRedis({ program });
    await beginLog(url);
    const options = { bounds: { events: 3 } };
    const [a, b] = await Promise.all([
      new HubNode(url, options).started(),
      new HubNode(url, options).started(),
    ]);
    const named = on("a", { id: "x", json: "1" });
    await b.log.append([named]);
    await a.log.append([draft({ topics: ["a", "b é"], end: true, private: true }), on("c")]);
    // Though this node may not have heard of the end yet.
    expect(await refusal(b, on("c"), on("a"))).toEqual(new TopicEnded("a"));
    expect(await refusal(a, on("b é"))).toEqual(new TopicEnded("b é"));
    expect(await refusal(b, last("d"), on("d"))).toEqual(new TopicEnded("d"));
    const ends = [
      ["a", 2, true],
      ["b é", 2, true],
    ];
    await until(() => [a, b].every((node) => Bun.deepEquals(endsOf(node), ends)));
    // An event that was there before the end was there, and with other content it is another.
    for (const node of [a, b]) {
      expect((await node.log.append([named]))[0]).toMatchObject({ position: 1, duplicate: true });
      expect(await refusal(node, { ...named, json: "2" })).toBeInstanceOf(IdConflict);
      expect(await refusal(node, on("a", { id: "y" }))).toEqual(new TopicEnded("a"));
    }

    // The last events leave the log; a node that comes later reads the ends all the same.
    for (let i = 0; i < 14; i++) await a.log.append([draft({ json: JSON.stringify("x".repeat(100_000)) })]);
    const late = await new HubNode(url, options).started();
    expect(endsOf(late)).toEqual(ends);
    expect(await late.log.openTopic("a")).toBeTrue();
    expect(await late.log.openTopic("c")).toBeFalse();
    await until(() => [a, b].every((node) => node.store.ended.count === 1));
    const { head } = late.log;
    await b.log.append([on("a")]);
    expect(await refusal(a, on("b é"))).toEqual(new TopicEnded("b é"));
    // What opens a topic takes a place, and is no event.
    await until(() => late.log.head === head + 1);
    const { entries } = await late.log.read(head - 1, 10);
    expect(entries.map(({ erased, topics }) => [erased, topics])).toEqual([
      [true, ["a"]],
      [false, ["a"]],
    ]);
  });
}

test.skipIf(redisPrograms.length === 0)(
  "nodes that end topics at once refuse what comes after, and nothing else",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const nodes = await Promise.all([0, 1, 2].map(() => new HubNode(url).started()));
    // All end the same topics, and go on with topics of their own.
    const outcomes = await Promise.all(
      nodes.flatMap((node, n) =>
        Array.from({ length: 60 }, async (_, i) => [
          await refusal(node, last(`shared/${i}`)),
          await refusal(node, last(`own/${n}/${i}`)),
        ]),
      ),
    );
    const refused = outcomes.map(([shared]) => shared).filter((error) => error !== undefined);
    expect(refused.every((error) => error instanceof TopicEnded)).toBeTrue();
    expect(refused).toHaveLength(120);
    expect(outcomes.every(([, own]) => own === undefined)).toBeTrue();
    await until(() => nodes.every((node) => node.delivered.length === 240));
    for (const node of nodes) expect(endsOf(node)).toEqual(endsOf(nodes[0] as HubNode));
  },
);

test.skipIf(redisPrograms.length === 0)("past the bound those open that ended first", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const options = { endedTopics: 2 };
  const [a, b] = await Promise.all([
    new HubNode(url, options).started(),
    new HubNode(url, options).started(),
  ]);
  for (const topic of ["a", "b", "c"]) await a.log.append([last(topic)]);
  // Another node hears of it with its next answer.
  await b.log.append([draft()]);
  const topics = (node: HubNode) => node.store.ended.all().map(({ topic }) => topic);
  await until(() => [a, b].every((node) => topics(node).join() === "b,c"));
  expect([a.store.ended.dropped, b.store.ended.dropped, b.store.ended.most]).toEqual([1, 1, 2]);
  await b.log.append([on("a")]);
  expect(await refusal(b, on("b"))).toEqual(new TopicEnded("b"));
});

test.skipIf(redisPrograms.length === 0)(
  "an end outlives a failover, and one that is put back is one",
  async () => {
    const server = await startRedis();
    // No other node is waited for afterwards. Redis keeps nothing on its disk but what was saved.
    const a = await new HubNode(server.url).started();
    await a.log.append([last("a"), last("b")]);
    await a.log.openTopic("b");
    const client = new Bun.RedisClient(server.url);
    await client.send("SAVE", []);
    client.close();
    await a.log.append([last("c", { private: true })]);
    await a.log.openTopic("a");
    const { word } = a.store.engine.life ?? {};
    await server.kill();
    await server.restart();
    await until(() => a.store.engine.state === "open" && a.store.engine.life?.word !== word);
    const b = await new HubNode(server.url).started();
    for (const node of [a, b]) {
      expect(endsOf(node)).toEqual([["c", 4, true]]);
      await node.log.append([on("a"), on("b")]);
      expect(await refusal(node, on("c"))).toEqual(new TopicEnded("c"));
    }
  },
);
