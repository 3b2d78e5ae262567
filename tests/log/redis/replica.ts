import { RedisClient } from "bun";
import { until } from "../../until.ts";
import { type RunningRedis, startRedis } from "./redis-server.ts";

/** Runs a replica of a server, and waits until it has what the master has. */
export async function startReplica(
  master: RunningRedis,
  args: readonly string[] = [],
): Promise<RunningRedis> {
  const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${master.port}`, ...args] });
  const client = new RedisClient(replica.url);
  await until(async () =>
    String(await client.send("INFO", ["replication"])).includes("master_link_status:up"),
  );
  client.close();
  return replica;
}
