import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { createSubscriber } from "../../src/sdk/index.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { until } from "../until.ts";
import { runBinary, serveBinary } from "./binary.ts";
import { publish, readAll, statusOf } from "./hub-client.ts";

const withRedis = test.skipIf(redisProgram === undefined);

withRedis(
  "a reader whose node is killed comes back to another, and misses nothing",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const serve = () => serveBinary(emptyFolder(), "--store", redis.url);
    const [a, b] = await Promise.all([serve(), serve()]);
    const received: string[] = [];
    const leaving = new AbortController();
    const read = async (url: string, lastEventId?: string): Promise<void> => {
      const { signal } = leaving;
      const events = createSubscriber({ url, signal, ...(lastEventId !== undefined && { lastEventId }) });
      for await (const { id } of events) if (id !== undefined) received.push(id);
    };
    const first = read(a.url).catch(() => {});
    await until(
      async () => (await fetch(`${a.url}/status`).then((answer) => answer.json())).connected_clients === 1,
    );
    for (let i = 0; i < 10; i++) {
      const { url } = i % 2 === 0 ? a : b;
      expect((await publish(url, { type: "t", data: i, id: `id ${i}` })).status).toBe(200);
    }
    await until(() => received.length === 10);
    a.kill("SIGKILL");
    await a.exited;
    for (let i = 10; i < 20; i++) await publish(b.url, { type: "t", data: i, id: `id ${i}` });
    leaving.abort();
    await first;
    const again = createSubscriber({ url: b.url, lastEventId: received.at(-1) as string });
    for await (const { id } of again) {
      if (id !== undefined) received.push(id);
      if (received.length === 20) break;
    }
    const ids = Array.from({ length: 20 }, (_, i) => `id ${i}`);
    expect(received).toEqual(ids);
    expect((await readAll(b.url)).map(({ id }) => id)).toEqual(ids);
    const duplicate = await publish(b.url, { type: "t", data: 3, id: "id 3" });
    expect(await duplicate.json()).toMatchObject({ id: "id 3", duplicate: true });
  },
  60_000,
);

withRedis(
  "the log names what Redis promises, and why it can't be used",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const hub = await serveBinary(emptyFolder(), "--store", redis.url);
    const { url } = hub;
    await until(async () => (await publish(url, { type: "t", data: 1 })).ok);
    expect((await statusOf(url)).store.engine).toMatchObject({
      ...{ state: "open", reason: null, host: `127.0.0.1:${redis.port}`, lag: 0, put_back: 0, lost: 0 },
      life: { number: 1, word: expect.any(String) },
      append_seconds: expect.any(Number),
      durability: expect.stringMatching(/^(Redis|Valkey) \d/),
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    for (const line of [
      'tidings_engine_state{state="open"} 1',
      "tidings_engine_life 1",
      "tidings_engine_lag 0",
    ]) {
      expect(metrics).toContain(`\n${line}\n`);
    }
    await redis.kill();
    const { error } = await hub.logged("store fails");
    expect(JSON.stringify(error)).toContain(`127.0.0.1:${redis.port}`);
    const refused = await publish(url, { type: "t", data: 2 });
    expect([refused.status, refused.headers.has("retry-after")]).toEqual([503, true]);
    expect(await fetch(`${url}/readyz`).then(({ status }) => status)).toBe(200);
    expect((await readAll(url)).length).toBe(1);
    const { engine } = (await statusOf(url)).store;
    expect(engine).toMatchObject({ state: "away", reason: expect.stringContaining(`${redis.port}`), lag: 0 });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      '\ntidings_engine_state{state="away"} 1\n',
    );
    hub.kill("SIGTERM");
    expect(await hub.exited).toBe(0);
  },
  60_000,
);

withRedis("a Redis that can't keep a log is refused at the start, with the reason", async () => {
  const evicting = await startRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
  const narrow = await startRedis();
  const admin = new RedisClient(narrow.url);
  await admin.send("ACL", ["SETUSER", "hub", "on", ">pw", "~*", "+@all", "-info"]);
  admin.close();
  for (const [url, reason] of [
    [evicting.url, "maxmemory-policy allkeys-lru would evict events"],
    [`redis://hub:pw@127.0.0.1:${narrow.port}`, "the user hub of Redis lacks +info: ACL SETUSER hub +info"],
  ] as const) {
    const { code, output, errors } = await runBinary(emptyFolder(), "serve", "--port", "0", "--store", url);
    expect([code, output]).toEqual([2, ""]);
    expect(errors).toMatch(/^tidings: --store: [^\n]*\n$/);
    expect(errors).toContain(reason);
  }
});

withRedis(
  "workers keep one log in Redis, and serve readers while it is away",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const { url } = await serveBinary(emptyFolder(), "--store", redis.url, "--workers", "2");
    const received: unknown[] = [];
    const stop = new AbortController();
    defer(() => stop.abort());
    const reading = (async () => {
      for await (const { data } of createSubscriber({ url, signal: stop.signal })) received.push(data);
    })().catch(() => {});
    await until(async () => (await statusOf(url)).connected_clients === 1);
    await until(async () => (await publish(url, { type: "t", data: 1 })).ok);
    await until(async () => (await statusOf(url)).store.engine?.state === "open");
    // Whichever worker took the event, and whichever is asked.
    for (let i = 0; i < 4; i++) {
      const answer = await fetch(`${url}/publishers`, { headers: { connection: "close" } });
      const types = [{ type: "t", events: 1 }];
      expect(await answer.json()).toEqual({
        publishers: [{ publisher: "anonymous", subject: null, events: 1, types }],
      });
    }
    await redis.kill();
    await until(async () => (await statusOf(url)).store.engine?.state === "away");
    expect((await publish(url, { type: "t", data: 2 })).status).toBe(503);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz?publish`)).status).toBe(503);
    expect((await readAll(url)).map(({ data }) => data)).toEqual([1]);
    await redis.restart();
    // An event with an id is told once, however often it is sent.
    await until(async () => (await publish(url, { type: "t", data: 3, id: "three" })).ok);
    await until(() => received.includes(3));
    expect(received).toEqual([1, 3]);
    stop.abort();
    await reading;
  },
  60_000,
);

withRedis(
  "an event that is erased at one node is gone at workers, and at a node that comes later",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const store = ["--store", redis.url];
    const [a, b] = await Promise.all([
      serveBinary(emptyFolder(), ...store),
      serveBinary(emptyFolder(), ...store, "--workers", "2"),
    ]);
    const events: { type: string; data: unknown; id: string }[] = Array.from({ length: 100 }, (_, i) => ({
      ...{ type: "t", data: i, id: `e${i}` },
    }));
    const personal = { type: "t", data: "personal", id: "mine", topic: "t", retain: true };
    expect((await publish(a.url, events.with(50, personal))).status).toBe(200);
    await until(async () => (await readAll(b.url)).length === 100);
    const erase = async (url: string) => (await fetch(`${url}/history/mine`, { method: "DELETE" })).status;
    expect(await erase(a.url)).toBe(204);
    const c = await serveBinary(emptyFolder(), ...store);
    const left = events.map(({ data }) => data).filter((data) => data !== 50);
    for (const { url } of [a, b, b, c]) {
      const headers = { connection: "close" };
      await until(
        async () => (await fetch(`${url}/history/mine`, { method: "DELETE", headers })).status === 404,
      );
      expect((await readAll(url)).map(({ data }) => data)).toEqual(left);
      const current = await (await fetch(`${url}/current`, { headers })).json();
      expect(current).toMatchObject({ values: [] });
      const read: unknown[] = [];
      for await (const { data } of createSubscriber({ url, lastEventId: "mine" })) {
        read.push(data);
        if (read.length === 49) break;
      }
      expect(read).toEqual(left.slice(50));
    }
  },
  60_000,
);
