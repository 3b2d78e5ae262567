import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, HOST, inFolder, launch, type Start, stopAll } from "./child.ts";
import { RedisProbe } from "./redis-probe.ts";
import type { Running } from "./server.ts";

const PROGRAM = "redis-server";

/** Whether there is a Redis here that can be started. */
export const hasRedis = Bun.which(PROGRAM) !== null;

/**
 * Starts a Redis of its own, which writes nothing to disk, and two nodes of a hub on it: events are published at
 * one, and read at the other.
 *
 * @param nodeOf how a node is started that has this Redis and this folder.
 */
export async function twoNodes(
  nodeOf: (redisPort: number, folder: string) => Promise<Start>,
): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "bench-redis-"));
  return inFolder(folder, async () => {
    const started: Awaited<ReturnType<typeof launch>>[] = [];
    try {
      const port = freePort();
      const args = ["--bind", HOST, "--port", `${port}`, "--dir", folder, "--save", "", "--appendonly", "no"];
      const redis = await launch({ command: [PROGRAM, ...args], address: { hostname: HOST, port } });
      started.push(redis);
      const nodes = [];
      for (const name of ["taking", "following"]) {
        const own = join(folder, name);
        await mkdir(own);
        const start = await nodeOf(port, own);
        const node = await launch(start);
        started.push(node);
        nodes.push({ pid: node.pid, address: start.address });
      }
      const [taking, following] = nodes;
      if (!taking || !following) throw new Error("there are no nodes");
      const probe = new RedisProbe(`redis://${HOST}:${port}`);
      return {
        address: following.address,
        publishAt: taking.address,
        pids: started.map(({ pid }) => pid),
        parts: { taking: taking.pid, following: following.pid, redis: redis.pid },
        redis: probe,
        stop: async () => {
          probe.close();
          await stopAll(started);
        },
      };
    } catch (error) {
      await stopAll(started);
      throw error;
    }
  });
}
