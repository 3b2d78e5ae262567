import { expect, test } from "bun:test";
import type { TInteger, TObject } from "@sinclair/typebox";
import { createPublisher, createSubscriber } from "../../src/sdk/index.ts";
import { browserless, openPage } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { Reader } from "../http/reader.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";
import { binary, serveProgram } from "./binary.ts";
import { statusOf } from "./hub-client.ts";
import { previous } from "./previous.ts";
import { isMissing, proxies } from "./proxy.ts";

// What scripts/deploy describes, as processes: a proxy, two nodes behind it, and their Redis.

const TIMEOUT = 120_000;

type Events = { n: TObject<{ n: TInteger }> };

const now = [binary];
const before = previous === undefined ? now : [process.execPath, previous];

/** Starts a node, and waits until it is ready. */
async function serveNode(program: readonly string[], store: string, port: number) {
  const flags = ["--port", `${port}`, "--store", store, "--drain", "300ms", "--drain-retry", "300ms"];
  const args = [...flags, "--trust-proxy", "127.0.0.1"];
  const node = await serveProgram(program, { folder: emptyFolder(), args });
  await until(async () => (await fetch(`${node.url}/readyz`)).ok);
  return node;
}

/** Reads on, whatever happens to its streams, as somebody would who has no library for that. */
async function readRaw(url: string, seen: number[], statuses: Set<number | string>, stop: AbortSignal) {
  let last = "earliest";
  while (!stop.aborted) {
    try {
      const accept = "text/event-stream";
      const reader = await Reader.open(`${url}/events`, { accept, "last-event-id": last });
      statuses.add(reader.response.status);
      for (let event = await reader.next(); event && !stop.aborted; event = await reader.next()) {
        if (event.id) last = event.id;
        if (event.event === "n") seen.push(JSON.parse(event.data).n);
        if (event.event === "tidings.gap") statuses.add("gap");
      }
    } catch (error) {
      const [, status] = /^(\d{3}): /.exec(error instanceof Error ? error.message : "") ?? [];
      if (status !== undefined) statuses.add(Number(status));
    }
    await Bun.sleep(50);
  }
}

test.skipIf(redisProgram === undefined || browserless || isMissing("nginx"))(
  "behind nginx, nodes are killed, drained and upgraded, and Redis restarted: readers miss nothing, and none is sent away for good",
  async () => {
    // It loses nothing when it is killed, and goes on at once.
    const redis = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
    await beginLog(redis.url);
    const ports = [freePort(), freePort()] as const;
    const serve = (program: readonly string[], port: number) => serveNode(program, redis.url, port);
    let [a, b] = await Promise.all(ports.map((port) => serve(before, port)));
    if (!a || !b) throw new Error("no nodes");
    const url = await proxies.nginx(a.url, b.url);

    const stop = new AbortController();
    const raw: number[] = [];
    const statuses = new Set<number | string>();
    void readRaw(url, raw, statuses, stop.signal);
    const ofSdk: number[] = [];
    const onGap = () => statuses.add("gap");
    const listening = (async () => {
      const events = createSubscriber<Events>({ url, signal: stop.signal, onGap });
      for await (const { type, data } of events) if (type === "n") ofSdk.push(data.n);
    })();
    const page = await openPage(`${url}/healthz`);
    await page.evaluate(`
        globalThis.seen = [];
        for (const list of [0, 1].map(() => [])) {
          seen.push(list);
          const source = new EventSource("/events");
          source.addEventListener("n", ({ data }) => list.push(JSON.parse(data).n));
          source.addEventListener("tidings.gap", () => list.push("gap"));
          source.addEventListener("error", () => {
            if (source.readyState === EventSource.CLOSED) list.push("closed");
          });
        }`);
    const inPage = async () => (await page.evaluate("seen")) as unknown[][];
    await until(async () => (await statusOf(url)).connected_clients === 4);

    const publisher = createPublisher<Events>({ url, retries: 100 });
    let published = 0;
    let isPublishing = true;
    const publishing = (async () => {
      for (; isPublishing; await Bun.sleep(5)) await publisher.publish("n", { n: published++ });
    })();
    const more = async (count: number) => {
      const from = published;
      await until(() => published >= from + count);
    };

    await more(20);
    a.kill("SIGKILL");
    await a.exited;
    await more(20);
    a = await serve(now, ports[0]);
    await more(20);
    b.kill("SIGTERM");
    expect(await b.exited).toBe(0);
    await more(20);
    b = await serve(now, ports[1]);
    await more(20);
    await redis.kill();
    await redis.restart();
    await more(20);
    a.kill("SIGTERM");
    expect(await a.exited).toBe(0);
    a = await serve(now, ports[0]);
    await more(20);

    isPublishing = false;
    await publishing;
    const expected = Array.from({ length: published }, (_, n) => n);
    const whole = (list: readonly unknown[]) => list.at(-1) === published - 1;
    await until(async () => whole(raw) && whole(ofSdk) && (await inPage()).every(whole));
    stop.abort();
    for (const list of [raw, ofSdk, ...(await inPage())]) expect(list).toEqual(expected);
    expect([...statuses]).toEqual([200]);
    await Promise.allSettled([listening]);
  },
  TIMEOUT,
);

test.skipIf(redisProgram === undefined || isMissing("caddy"))(
  "behind caddy, a node that is killed is left out, and whoever comes is served by the other",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const nodes = await Promise.all([freePort(), freePort()].map((port) => serveNode(now, redis.url, port)));
    const url = await proxies.caddy(...nodes.map((node) => node.url));
    const stop = new AbortController();
    const raw: number[] = [];
    const statuses = new Set<number | string>();
    void readRaw(url, raw, statuses, stop.signal);
    let n = 0;
    // A proxy asks nobody else about what it has sent to a node already: the publisher does, with its id.
    const publish = async () => {
      const event = { type: "n", data: { n }, id: `event ${n++}` };
      await until(async () => (await post(`${url}/publish`, event)).ok);
    };
    for (let i = 0; i < 4; i++) await publish();
    nodes[0]?.kill("SIGKILL");
    await nodes[0]?.exited;
    for (let i = 0; i < 8; i++) await publish();
    await until(() => raw.at(-1) === n - 1);
    stop.abort();
    expect(raw).toEqual(Array.from({ length: n }, (_, i) => i));
    expect([...statuses]).toEqual([200]);
  },
  TIMEOUT,
);
