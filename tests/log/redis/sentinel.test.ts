import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { defer } from "../../defer.ts";
import { until } from "../../until.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisProgram, startRedis } from "./redis-server.ts";
import { startSentinel } from "./sentinel.ts";
import { TcpProxy } from "./tcp-proxy.ts";

test.skipIf(redisProgram === undefined)(
  "a Sentinel that has missed a failover is not believed, and one that says nothing is not waited for",
  async () => {
    const [old, master] = await Promise.all([startRedis(), startRedis()]);
    await Promise.all([beginLog(old.url), beginLog(master.url)]);
    let silent = 0;
    const mute = Bun.listen({
      ...{ hostname: "127.0.0.1", port: 0 },
      socket: { data() {}, open: () => void silent++, close: () => void silent-- },
    });
    defer(() => mute.stop(true));
    const sentinels = [
      mute.port,
      await startSentinel(old, ["sentinel config-epoch main 1"]),
      await startSentinel(master, ["sentinel config-epoch main 2"]),
      await startSentinel(master, ["sentinel config-epoch main 2"]),
    ];
    const hosts = sentinels.map((port) => `127.0.0.1:${port}`).join();
    const node = await new HubNode(`redis+sentinel://${hosts}/main`).started();
    expect(node.store.engine.host).toBe(`127.0.0.1:${master.port}`);
    expect(silent).toBe(1);
  },
);

test.skipIf(redisProgram === undefined)(
  "a Sentinel that has missed a failover is not believed when the others can't be reached",
  async () => {
    const [old, master] = await Promise.all([startRedis(), startRedis()]);
    await Promise.all([beginLog(old.url), beginLog(master.url)]);
    const stale = new TcpProxy(await startSentinel(old, ["sentinel config-epoch main 1"]));
    const others = await Promise.all(
      [1, 2].map(async () => new TcpProxy(await startSentinel(master, ["sentinel config-epoch main 2"]))),
    );
    const hosts = [stale, ...others].map(({ port }) => `127.0.0.1:${port}`).join();
    const { store } = await new HubNode(`redis+sentinel://${hosts}/main`).started();
    for (const other of others) other.cut();
    const asked = stale.accepted;
    // It is asked every 3 s, and the next time says that it was answered before.
    await until(() => stale.accepted >= asked + 2);
    expect([store.engine.state, store.engine.host]).toEqual(["open", `127.0.0.1:${master.port}`]);
    // Nor when the node has to find the master again.
    const client = new RedisClient(master.url);
    await client.send("CLIENT", ["KILL", "TYPE", "normal", "SKIPME", "yes"]);
    await until(() => store.engine.reason?.includes("have missed a failover"));
    for (const other of others) other.mend();
    await until(() => store.engine.state === "open");
    expect(store.engine.host).toBe(`127.0.0.1:${master.port}`);
    client.close();
  },
  30_000,
);
