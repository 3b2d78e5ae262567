import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { Broker } from "../../../src/broker/broker.ts";
import { RedisStore } from "../../../src/log/redis/redis-store.ts";
import { OutcomeUnknown } from "../../../src/log/store.ts";
import type { Logger } from "../../../src/logger.ts";
import { defer } from "../../defer.ts";
import { startHub } from "../../hub.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisProgram, startRedis } from "./redis-server.ts";
import { startReplica } from "./replica.ts";

const withRedis = test.skipIf(redisProgram === undefined);

withRedis("a publisher is answered when the replicas have its events", async () => {
  const master = await startRedis();
  const replica = await startReplica(master);
  await beginLog(master.url);
  const node = await new HubNode(master.url, { replicas: 1 }).started();
  const atReplica = new RedisClient(replica.url);
  defer(() => atReplica.close());
  for (let count = 1; count <= 20; count++) {
    await node.log.append([draft()]);
    expect(await atReplica.send("XLEN", ["{tidings}:log"])).toBe(count);
  }
});

withRedis(
  "an event that too few replicas have is never acknowledged, however often and wherever it is sent",
  async () => {
    const master = await startRedis();
    const replica = await startReplica(master);
    await beginLog(master.url);
    const nodes = await Promise.all([1, 2].map(() => new HubNode(master.url, { replicas: 1 }).started()));
    const [a, b] = nodes;
    replica.process.kill("SIGSTOP");
    const mine = draft({ id: "mine" });
    const outcomeOf = (node: HubNode | undefined) => node?.log.append([mine]).catch(({ cause }) => cause);
    expect(await outcomeOf(a)).toBeInstanceOf(OutcomeUnknown);
    expect(await Promise.all([outcomeOf(a), outcomeOf(b)])).toEqual([
      expect.any(OutcomeUnknown),
      expect.any(OutcomeUnknown),
    ]);
    replica.process.kill("SIGCONT");
    // It was kept once, by the first.
    const again = await until(() => b?.log.append([mine]).catch(() => undefined));
    expect(again).toMatchObject([{ position: 1, duplicate: true }]);
    await until(() => nodes.every(({ ids }) => ids.length === 1));
  },
);

withRedis(
  "an event on a topic that has ended since is acknowledged again only when a replica has it",
  async () => {
    const master = await startRedis();
    const replica = await startReplica(master);
    await beginLog(master.url);
    const [a, b] = await Promise.all([1, 2].map(() => new HubNode(master.url, { replicas: 1 }).started()));
    // The replica has all that this node has written so far.
    await a?.log.append([draft()]);
    replica.process.kill("SIGSTOP");
    const mine = draft({ id: "mine", topics: ["order"] });
    for (const each of [mine, draft({ id: "last", topics: ["order"], end: true })]) {
      expect(await b?.log.append([each]).catch(({ cause }) => cause)).toBeInstanceOf(OutcomeUnknown);
    }
    await until(() => a?.ids.length === 3);
    expect(await a?.log.append([mine]).catch(({ cause }) => cause)).toBeInstanceOf(OutcomeUnknown);
  },
);

withRedis("a connection that is lost amid the wait leaves the outcome unknown", async () => {
  const master = await startRedis();
  const replica = await startReplica(master);
  await beginLog(master.url);
  const node = await new HubNode(master.url, { replicas: 1 }).started();
  replica.process.kill("SIGSTOP");
  const outcome = node.log.append([draft({ id: "mine" })]).catch(({ cause }) => cause);
  // It has followed the event, and now only waits for the replica.
  await until(() => node.ids.length === 1);
  await master.kill();
  expect(await outcome).toBeInstanceOf(OutcomeUnknown);
});

withRedis(
  "with too few replicas the hub answers outcome-unknown, and its log says so once until there are enough",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const lines: string[] = [];
    const note = ({ error }: { error?: unknown }, message: string) =>
      void lines.push(error instanceof Error ? `${message}: ${error.message}` : message);
    const logger: Logger = { debug() {}, info: note, warn: note, error: note };
    const broker = new Broker({ store: new RedisStore(redis.url, { replicas: 1 }), logger });
    const { url } = startHub({ broker });
    await until(() => broker.log.started);
    const answer = await fetch(`${url}/publish`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "t", data: 1, id: "mine" }),
    });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ type: expect.stringContaining("outcome-unknown") });
    expect(answer.headers.has("retry-after")).toBe(true);
    // What another node keeps does not change that.
    const other = await new HubNode(redis.url).started();
    await other.log.append([draft()]);
    await until(() => broker.log.head === 2);
    await broker.log.append([]).catch(() => {});
    const ofStore = () => lines.filter((line) => line.startsWith("store "));
    const fails = "store fails: too few replicas have the events: 0 of 1 (--replicas)";
    expect(ofStore()).toEqual([fails]);
    await startReplica(redis);
    await until(() => !broker.log.failing);
    expect(ofStore()).toEqual([fails, "store works again"]);
  },
);
