import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { until } from "../until.ts";
import { binary, serveBinary, serveProgram } from "./binary.ts";
import { publish, readAll, statusOf } from "./hub-client.ts";
import { previous } from "./previous.ts";

const TIMEOUT = 60_000;

async function startLog() {
  const redis = await startRedis();
  await beginLog(redis.url);
  const client = new RedisClient(redis.url);
  defer(() => client.close());
  return { redis, client };
}

// Where the version before is not to be had, there is no test to pass over.
if (previous !== undefined) {
  const before = [process.execPath, previous];
  test.skipIf(redisProgram === undefined)(
    "nodes of this version and of the one before are one hub",
    async () => {
      const { redis } = await startLog();
      const args = ["--port", "0", "--store", redis.url];
      const [old, now] = await Promise.all(
        [before, [binary]].map((program) => serveProgram(program, { folder: emptyFolder(), args })),
      );
      if (!old || !now) throw new Error("no hubs");
      const both = [old, now];
      for (const { url } of both) await until(async () => (await statusOf(url)).nodes?.length === 2);
      const readers = await Promise.all(both.map(({ url }) => Reader.open(`${url}/events?topic=a/*`)));
      for (const { url } of both) {
        await until(async () => (await statusOf(url)).connected_clients === 2);
        await until(async () => {
          const answer = await publish(url, { type: "warm", data: 0, topic: "a/1" });
          return ((await answer.json()) as { recipients: number }).recipients === 2;
        });
      }
      const events = [
        { type: "n", data: { n: 1 }, topics: ["a/1", "b"], id: "one", private: false },
        { type: "n", data: "text", topic: "a/2", retry: 1000 },
      ];
      for (const { url } of both)
        for (const event of events) expect((await publish(url, event)).ok).toBe(true);
      // What one has kept is a duplicate at the other.
      for (const { url } of both) {
        expect(await (await publish(url, events[0] ?? {})).json()).toMatchObject({ duplicate: true });
      }
      await publish(now.url, { type: "last", data: 0, topic: "a/1" });
      const seen = await Promise.all(
        readers.map(async (reader) => {
          const types: string[] = [];
          for (let event = await reader.next(); event; event = await reader.next()) {
            if (event.event === "n") types.push(`${event.id} ${event.data}`);
            if (event.event === "last") return types;
          }
          throw new Error("the stream ended");
        }),
      );
      expect(seen[0]).toHaveLength(3);
      expect(seen[1]).toEqual(seen[0] ?? []);
      const [logOfOld, logOfNew] = await Promise.all(both.map(({ url }) => readAll(url)));
      expect(logOfNew).toEqual(logOfOld ?? []);
      // Each removes the other's client.
      const listOf = async (url: string) =>
        ((await (await fetch(`${url}/clients`)).json()) as { clients: { id: string }[] }).clients;
      const [listed = [], listedByNew] = await Promise.all(both.map(({ url }) => listOf(url)));
      expect(listed).toHaveLength(2);
      expect(listedByNew?.map(({ id }) => id).sort()).toEqual(listed.map(({ id }) => id).sort());
      for (const [i, { id }] of listed.entries()) {
        const url = both[i % 2]?.url;
        expect((await fetch(`${url}/clients/${id}`, { method: "DELETE" })).status).toBe(204);
      }
      for (const reader of readers) while (await reader.next());
      // Nobody was told a thing that it does not know.
      for (const hub of both) {
        hub.kill("SIGTERM");
        expect(await hub.exited).toBe(0);
        const errors = (await hub.rest()).filter(({ level }) => level === "error" || level === "warn");
        expect(errors).toEqual([]);
      }
    },
    TIMEOUT,
  );
}

test.skipIf(redisProgram === undefined)(
  "what a later version tells the nodes is said once; what it keeps in the log ends the node, and its readers go on elsewhere",
  async () => {
    const { redis, client } = await startLog();
    const hub = await serveBinary(emptyFolder(), "--store", redis.url, "--drain", "100ms");
    await until(async () => (await fetch(`${hub.url}/readyz`)).ok);
    const reader = await Reader.open(`${hub.url}/events`);
    const tell = (number: number, ...fields: string[]) =>
      client.send("XADD", ["{tidings}:control", "*", "n", "later", "s", `${number}`, ...fields]);
    await tell(1, "v", "2", "m", "[]");
    await tell(2, "v", "2", "m", "[]");
    const told = await hub.logged("what another node tells can't be read: it is passed over");
    expect(told).toMatchObject({ node: "later", level: "error" });
    await until(async () => (await statusOf(hub.url)).silent?.[0] === "later");
    const kept = (await (await publish(hub.url, { type: "n", data: 1 })).json()) as { id: string };
    const position = Number(kept.id.split("-")[1]);
    const [[id, fields]] = (await client.send("XREVRANGE", ["{tidings}:log", "+", "-", "COUNT", "1"])) as [
      [string, string[]],
    ];
    const next = id.replace(`-${position}`, `-${position + 1}`);
    // The same once more, as a later version might write it.
    await client.send("XADD", ["{tidings}:log", next, ...fields, "later", "of a later version"]);
    while (await reader.next());
    expect(reader.retries.length).toBeGreaterThan(1);
    expect(await hub.exited).toBe(1);
    const rest = await hub.rest();
    expect(rest.filter(({ msg }) => msg.includes("can't be read"))).toEqual([]);
    expect(rest.find(({ msg }) => msg.includes("this node ends"))?.msg).toMatch(
      /^upgrade Tidings here: .* a block with later,/,
    );
  },
  TIMEOUT,
);
