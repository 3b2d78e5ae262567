import { expect, test } from "bun:test";
import { Broker } from "../../../src/broker/broker.ts";
import { RedisStore } from "../../../src/log/redis/redis-store.ts";
import { freePort } from "../../free-port.ts";
import { startHub } from "../../hub.ts";
import { until } from "../../until.ts";
import { beginLog } from "./begin-log.ts";
import { redisProgram, startRedis } from "./redis-server.ts";

test.skipIf(redisProgram === undefined)(
  "while Redis is away, a node is ready for readers and not for publishers",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const broker = new Broker({ store: new RedisStore(redis.url) });
    const { url } = startHub({ broker });
    const statuses = async () => {
      const answers = await Promise.all(["", "?publish"].map((query) => fetch(`${url}/readyz${query}`)));
      return answers.map(({ status }) => status);
    };
    await until(() => broker.log.started);
    expect(await statuses()).toEqual([200, 200]);
    await redis.kill();
    await until(() => broker.log.failing);
    expect(await statuses()).toEqual([200, 503]);
  },
);

test("a node that has never reached the log is not ready and changes nothing", async () => {
  const broker = new Broker({ store: new RedisStore(`redis://127.0.0.1:${freePort()}`) });
  const { url } = startHub({ broker });
  await until(() => broker.log.failing);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  // An EventSource would give up for ever on anything but 200.
  const stream = await fetch(`${url}/events`, { headers: { accept: "text/event-stream" } });
  expect([stream.status, await stream.text()]).toEqual([200, expect.stringContaining("event: tidings.busy")]);
  expect((await fetch(`${url}/events`)).status).toBe(503);
  expect((await fetch(`${url}/history/x`, { method: "DELETE" })).status).toBe(503);
  expect((await fetch(`${url}/current`)).status).toBe(503);
  expect((await fetch(`${url}/current?type=a`, { method: "DELETE" })).status).toBe(503);
  expect((await fetch(`${url}/publish?type=a&retain`, { method: "POST", body: "1" })).status).toBe(503);
  const end = `${url}/publish?type=a&topic=a&end`;
  expect((await fetch(end, { method: "POST", body: "1" })).status).toBe(503);
  expect((await fetch(`${url}/topics/end?topic=a`, { method: "DELETE" })).status).toBe(503);
});

test("a node that has never reached the log tells readers to come back, and a balancer to wait", async () => {
  const broker = new Broker({ store: new RedisStore(`redis://127.0.0.1:${freePort()}`) });
  const { url } = startHub({ broker });
  // Also before it has tried.
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  expect((await fetch(`${url}/events`)).status).toBe(503);
  const stream = await fetch(`${url}/events`, { headers: { accept: "text/event-stream" } });
  expect(stream.status).toBe(200);
  expect(await stream.text()).toContain("event: tidings.busy\n");
  expect((await fetch(`${url}/history`)).status).toBe(503);
});
