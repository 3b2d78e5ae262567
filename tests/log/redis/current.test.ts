import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisPrograms, startRedis } from "./redis-server.ts";

const retained = (data: unknown, ...topics: string[]) =>
  draft({ json: JSON.stringify(data), topics, retain: true });

/** The data of a node's current values, each with the topics that it is current on. */
const valuesOf = ({ store }: HubNode) =>
  store.current
    .read(0, Number.POSITIVE_INFINITY, 1e6)
    .values.map(({ entry, topics }) => [entry.json, ...topics]);

for (const program of redisPrograms) {
  test(`nodes have the same current values, and one that comes later too, in ${program}`, async () => {
    const { url } = await startRedis({ program });
    await beginLog(url);
    const options = { bounds: { events: 3 } };
    const [a, b] = await Promise.all([
      new HubNode(url, options).started(),
      new HubNode(url, options).started(),
    ]);
    await a.log.append([retained(1, "a", "b", "a"), draft(), retained(2, "b"), retained(3)]);
    await b.log.append([draft({ type: "u", topics: ["a"], retain: true, json: "4" }), draft({ id: "x" })]);
    const expected = [["1", "a"], ["2", "b"], ["3"], ["4", "a"]];
    await until(() => [a, b].every((node) => Bun.deepEquals(valuesOf(node), expected)));
    // Enough that the values leave the log, and are kept beside it.
    const long = JSON.stringify("x".repeat(100_000));
    for (let i = 0; i < 14; i++) await a.log.append([draft({ json: long })]);
    const late = await new HubNode(url, options).started();
    expect(valuesOf(late)).toEqual(expected);
    const client = new RedisClient(url);
    expect(Number(await client.send("HLEN", ["{tidings}:archive"]))).toBe(4);

    expect(await b.log.clearCurrent("t", "b")).toBeTrue();
    expect(await a.log.clearCurrent("t", "b")).toBeFalse();
    expect(await b.log.clearCurrent("t", undefined)).toBeTrue();
    await until(() =>
      [a, b, late].every((node) =>
        Bun.deepEquals(valuesOf(node), [
          ["1", "a"],
          ["4", "a"],
        ]),
      ),
    );
    await late.log.append([retained(5, "b")]);
    await until(() => [a, b].every((node) => valuesOf(node).length === 3));
    // What clears a value takes a place, and is no event.
    const { entries } = await a.log.read(a.log.head - 3, 10);
    expect(entries.map(({ erased, json }) => [erased, json])).toEqual([
      [true, "null"],
      [true, "null"],
      [false, "5"],
    ]);
  });
}

test.skipIf(redisPrograms.length === 0)("past their bounds the oldest values go, at all nodes", async () => {
  const { url } = await startRedis();
  await beginLog(url);
  const options = { currentBounds: { values: 3 } };
  const [a, b] = await Promise.all([
    new HubNode(url, options).started(),
    new HubNode(url, options).started(),
  ]);
  await a.log.append([retained(1, "a", "b"), retained(2, "c")]);
  await a.log.append([retained(3, "d"), retained(4, "e")]);
  // Another node hears of it with its next hello.
  await b.log.append([draft()]);
  const expected = [
    ["2", "c"],
    ["3", "d"],
    ["4", "e"],
  ];
  await until(() => [a, b].every((node) => Bun.deepEquals(valuesOf(node), expected)));
  expect([a.store.current.dropped, b.store.current.dropped]).toEqual([2, 2]);
  const small = { currentBounds: { bytes: 1000 } };
  const c = await new HubNode(url, small).started();
  await c.log.append([retained("x".repeat(600), "f")]);
  await until(() => valuesOf(c).length === 1);
});

test.skipIf(redisPrograms.length === 0)(
  "values outlive a failover, and a value that is put back is one",
  async () => {
    const server = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
    // No other node is waited for afterwards.
    const a = await new HubNode(server.url, { bounds: { events: 5 } }).started();
    await a.log.append([retained(1, "a"), retained(2, "b")]);
    await a.log.append([retained(3, "a")]);
    const { word } = a.store.engine.life ?? {};
    await server.kill();
    await server.restart();
    await until(() => a.store.engine.state === "open" && a.store.engine.life?.word !== word);
    expect(valuesOf(a)).toEqual([
      ["2", "b"],
      ["3", "a"],
    ]);
    await a.log.append([retained(4, "b")]);
    const b = await new HubNode(server.url).started();
    expect(valuesOf(b)).toEqual([
      ["3", "a"],
      ["4", "b"],
    ]);
  },
);

test.skipIf(redisPrograms.length === 0)(
  "thousands of values, large ones too, are read in parts",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const a = await new HubNode(url).started();
    const many = Array.from({ length: 700 }, (_, i) => retained(i, `n/${i}`, `m/${i % 2}`));
    await a.log.append(many);
    await a.log.append(Array.from({ length: 10 }, (_, i) => retained("x".repeat(60_000), `large/${i}`)));
    const b = await new HubNode(url).started();
    expect(valuesOf(b)).toEqual(valuesOf(a));
    expect(b.store.current.count).toBe(712);
  },
);
