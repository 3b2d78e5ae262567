import { expect, test } from "bun:test";
import { parseRedisAddress } from "../../../src/log/redis/address.ts";
import { Connection } from "../../../src/log/redis/connection.ts";
import { defer } from "../../defer.ts";
import { redisProgram, startRedis } from "./redis-server.ts";

test.skipIf(redisProgram === undefined)("a connection does not hold what it was answered", async () => {
  const redis = await startRedis();
  const connection = await Connection.open(
    { hostname: "127.0.0.1", port: redis.port },
    parseRedisAddress(redis.url),
  );
  defer(() => connection.close());
  const answers: WeakRef<object>[] = [];
  for (let i = 0; i < 100; i++) answers.push(new WeakRef(Object(await connection.send("KEYS", ["*"]))));
  // What a WeakRef was made of, or has given, stays until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  Bun.gc(true);
  // Some may still be found on the stack.
  expect(answers.filter((answer) => answer.deref()).length).toBeLessThan(50);
});
