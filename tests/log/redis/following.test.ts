import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisProgram, startRedis } from "./redis-server.ts";

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
