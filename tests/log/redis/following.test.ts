import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisProgram, startRedis } from "./redis-server.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const APPENDS = 200;
/** In ms. See following.ts. */
const READ_EVERY = 4;

test.skipIf(redisProgram === undefined)(
  "a node that appends nothing reads several appends at once",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const [taking, following] = await Promise.all([new HubNode(url).started(), new HubNode(url).started()]);
    const client = new RedisClient(url);
    const reads = async () =>
      Number(/cmdstat_xread:calls=(\d+)/.exec(String(await client.send("INFO", ["commandstats"])))?.[1]);

    const before = await reads();
    const startedAt = performance.now();
    for (let i = 0; i < APPENDS; i++) await taking.log.append([draft()]);
    await until(() => following.log.head === taking.log.head);
    const took = performance.now() - startedAt;
    // The other node reads each append of its own at once.
    const ofFollowing = (await reads()) - before - APPENDS;
    client.close();
    expect(ofFollowing).toBeLessThan(Math.max(APPENDS / 2, took / READ_EVERY) + 10);
  },
);

test.skipIf(redisProgram === undefined)(
  "large events are read a few at a time: what comes over a slow line comes before its deadline",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const writer = await new HubNode(redis.url).started();
    const large = draft({ json: JSON.stringify("x".repeat(1024 * 1024)) });
    for (let i = 0; i < 40; i++) await writer.log.append([large]);
    const proxy = new TcpProxy(redis.port);
    const counts: number[] = [];
    proxy.hear = (question) => {
      for (const [, count] of question
        .toString()
        .matchAll(/(?:XREAD|XRANGE|XREVRANGE)\r\n(?:\$\d+\r\n[^\r]*\r\n)*?\$5\r\nCOUNT\r\n\$\d+\r\n(\d+)/g))
        counts.push(Number(count));
    };
    const node = await new HubNode(proxy.url).started();
    expect(node.log.head).toBe(40);
    for (let after = 0; after < 30; ) {
      const { entries, upTo } = await node.store.read(after, 100);
      expect(entries.length).toBeGreaterThan(0);
      after = upTo;
    }
    expect(counts.length).toBeGreaterThan(20);
    expect(Math.max(...counts)).toBeLessThanOrEqual(4);
  },
  30_000,
);
