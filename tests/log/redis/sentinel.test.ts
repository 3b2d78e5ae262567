import { expect, test } from "bun:test";
import { defer } from "../../defer.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisProgram, startRedis } from "./redis-server.ts";
import { startSentinel } from "./sentinel.ts";

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
