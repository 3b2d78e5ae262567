import { expect, test } from "bun:test";
import { join } from "node:path";
import { type AnyEvents, createPublisher, createSubscriber } from "../../src/sdk/index.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { startHub } from "../hub.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { statusOf } from "./hub-client.ts";

const last = { type: "n", data: "last", topic: "chat/1", end: true };

test.skipIf(process.platform !== "linux")(
  "with workers, an end holds at every node and outlasts a restart",
  async () => {
    const folder = emptyFolder();
    const flags = ["--workers", "3", "--store", join(folder, "events.db"), "--port", `${freePort()}`];
    const hub = await serveBinary(folder, ...flags);
    const { url } = hub;
    const read = async (signal?: AbortSignal) => {
      const seen: unknown[] = [];
      const chat = { url, topics: ["chat/1"], lastEventId: "earliest", signal };
      for await (const { data } of createSubscriber<AnyEvents>(chat)) seen.push(data);
      return seen;
    };
    const readers = Array.from({ length: 9 }, () => read());
    await until(async () => (await statusOf(url)).connected_clients === 9);
    const publisher = createPublisher<AnyEvents>({ url });
    await publisher.publish("n", 1, { topic: "chat/1" });
    await publisher.publish("n", "last", { topic: "chat/1", end: true });
    // Whichever worker takes it.
    const after = await Promise.all(
      Array.from({ length: 12 }, () => post(`${url}/publish`, { ...last, data: 2 })),
    );
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([409]));
    for (const seen of await Promise.all(readers)) expect(seen).toEqual([1, "last"]);
    expect((await statusOf(url)).store.ended).toEqual({ topics: 1, dropped: 0, bound: 10_000 });

    hub.kill("SIGTERM");
    expect(await hub.exited).toBe(0);
    await serveBinary(folder, ...flags);
    expect((await post(`${url}/publish`, { ...last, data: 2 })).status).toBe(409);
    expect(await read()).toEqual([1, "last"]);
    expect((await fetch(`${url}/topics/end?topic=chat/1`, { method: "DELETE" })).status).toBe(204);
    const stop = new AbortController();
    const open = read(stop.signal);
    await post(`${url}/publish`, { type: "n", data: 2, topic: "chat/1" });
    await until(async () => (await statusOf(url)).connected_clients === 1);
    stop.abort();
    expect(await open).toEqual([1, "last", 2]);
  },
  60_000,
);

test.skipIf(redisProgram === undefined)(
  "with Redis, an end at one node holds at the other, until it is opened there",
  async () => {
    const { url: redis } = await startRedis();
    const folder = emptyFolder();
    const [a, b] = await Promise.all([
      serveBinary(folder, "--store", redis),
      serveBinary(folder, "--store", redis),
    ]);
    const publish = (node: { url: string }, event: object) => post(`${node.url}/publish`, event);
    expect((await publish(a, { type: "n", data: 1, topic: "chat/1" })).status).toBe(200);
    expect((await publish(a, last)).status).toBe(200);
    const refused = await publish(b, { type: "n", data: 2, topic: "chat/1" });
    expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining("topic-ended")]);
    // A reader at B gets the rest, and its stream ends; back with all of it, it is told to stay away.
    const read = await (await fetch(`${b.url}/events?topic=chat/1&last_event_id=earliest`)).text();
    expect(read.match(/^data: (1|"last")$/gm)).toEqual(["data: 1", 'data: "last"']);
    const cursor =
      read
        .match(/^id: (.*)$/gm)
        ?.at(-1)
        ?.slice("id: ".length) ?? "";
    const again = await fetch(`${b.url}/events?topic=chat/1&last_event_id=${encodeURIComponent(cursor)}`);
    expect(again.status).toBe(204);
    expect((await statusOf(b.url)).store.ended).toEqual({ topics: 1, dropped: 0, bound: 10_000 });

    expect((await fetch(`${a.url}/topics/end?topic=chat/1`, { method: "DELETE" })).status).toBe(204);
    expect((await publish(a, { type: "n", data: 2, topic: "chat/1" })).status).toBe(200);
    await until(async () => (await statusOf(b.url)).store.ended?.topics === 0);
    expect((await publish(b, { type: "n", data: 3, topic: "chat/1" })).status).toBe(200);
  },
  60_000,
);

test.skipIf(browserless)(
  "an EventSource gets all of an ended topic, and stays away",
  async () => {
    const { url, broker } = startHub();
    const page = await openPage(`${url}/healthz`);
    const opened = ["?topic=chat/1", "?topic=chat/1&last_event_id=earliest&format=text", "?topic=other"];
    await page.evaluate(`
      globalThis.seen = [];
      globalThis.sources = ${JSON.stringify(opened)}.map((query, i) => {
        const source = new EventSource("/events" + query);
        source.addEventListener("n", ({ data }) => seen.push([i, data]));
        return source;
      });`);
    await until(() => broker.clientCount === 3);
    await broker.publish({ type: "n", data: "first", topic: "chat/1" });
    await broker.publish(last);
    // It has come back, and was told to stay away.
    const states = () => page.evaluate("sources.map(({ readyState }) => readyState).join()");
    await until(async () => (await states()) === "2,2,1");
    expect(broker.clientCount).toBe(1);
    const seen = (await page.evaluate("seen")) as [number, string][];
    const of = (source: number) => seen.filter(([i]) => i === source).map(([, data]) => data);
    expect([of(0), of(1)]).toEqual([
      ['"first"', '"last"'],
      ["first", "last"],
    ]);
  },
  BROWSER_TIMEOUT,
);
