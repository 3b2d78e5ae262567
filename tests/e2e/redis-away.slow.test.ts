import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { RedisClient } from "bun";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { TcpProxy } from "../log/redis/tcp-proxy.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { publish, readAll, statusOf } from "./hub-client.ts";

const READERS = 1000;
const EVENTS = 600;
/** A node that starts has the newest 256 blocks in memory, and each event here is one. */
const IN_MEMORY = 200;

const ACCEPT = "accept: text/event-stream";

/** Readers on plain sockets: `fetch` opens no more than 256. */
class Crowd {
  readonly #texts: string[] = [];

  /** Opens a stream for each of the cursors. */
  async open(url: string, cursors: readonly string[]): Promise<void> {
    const { hostname, port, host } = new URL(url);
    const decoder = new TextDecoder();
    await Promise.all(
      cursors.map(async (cursor, i) => {
        this.#texts[i] = "";
        const socket = await Bun.connect({
          hostname,
          port: Number(port),
          socket: {
            data: (_, data) => {
              this.#texts[i] += decoder.decode(data);
            },
          },
        });
        defer(() => socket.terminate());
        socket.write(
          `GET /events HTTP/1.1\r\nhost: ${host}\r\nlast-event-id: ${cursor}\r\n${ACCEPT}\r\n\r\n`,
        );
      }),
    );
  }

  /** How many events a reader was sent. */
  countOf(index: number): number {
    return this.#texts[index]?.match(/^event: n$/gm)?.length ?? 0;
  }

  has(index: number, event: string): boolean {
    return this.#texts[index]?.includes(`event: ${event}\n`) ?? false;
  }
}

/** The time that a process has computed, in milliseconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  // In hundredths of a second: of its own, and of the system for it.
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** How often Redis was asked for a part of the log. */
async function readsOf(client: RedisClient): Promise<number> {
  const text = String(await client.send("INFO", ["commandstats"]));
  return Number(/cmdstat_xrange:calls=(\d+)/.exec(text)?.[1] ?? 0);
}

test.skipIf(redisProgram === undefined || process.platform !== "linux")(
  "1,000 readers that come back while Redis is away get what memory has, wait for the rest, and make no storm",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const writer = await serveBinary(emptyFolder(), "--store", redis.url);
    for (let i = 1; i <= EVENTS; i++) await publish(writer.url, { type: "n", data: i });
    const proxy = new TcpProxy(redis.port);
    const hub = await serveBinary(emptyFolder(), "--store", proxy.url);
    await until(async () => (await fetch(`${hub.url}/readyz`)).ok);
    const events = await readAll(writer.url);
    const idOf = (back: number): string => events.at(-1 - back)?.id ?? "";
    proxy.cut();
    await until(async () => (await statusOf(hub.url)).store.engine?.state === "away");

    // Half of them ask for what is in memory, half for more than that.
    const isNear = (i: number): boolean => i % 2 === 0;
    const cursors = Array.from({ length: READERS }, (_, i) => idOf(isNear(i) ? IN_MEMORY : EVENTS - 1));
    const crowd = new Crowd();
    const all = cursors.map((_, i) => i);
    await crowd.open(hub.url, cursors);
    const near = all.filter(isNear);
    await until(() => near.every((i) => crowd.has(i, "tidings.resumed")));
    expect(near.every((i) => crowd.countOf(i) === IN_MEMORY)).toBe(true);
    await until(async () => (await statusOf(hub.url)).connected_clients === READERS);

    // The others wait, and so does the node.
    const before = { connections: proxy.accepted, cpu: cpuOf(hub.pid), at: performance.now() };
    await Bun.sleep(3000);
    const seconds = (performance.now() - before.at) / 1000;
    const [cpu, connections] = [cpuOf(hub.pid) - before.cpu, proxy.accepted - before.connections];
    const far = all.filter((i) => !isNear(i));
    expect(far.some((i) => crowd.has(i, "n") || crowd.has(i, "tidings.gap"))).toBe(false);

    const client = new RedisClient(redis.url);
    defer(() => client.close());
    const read = await readsOf(client);
    proxy.mend();
    await until(() => far.every((i) => crowd.has(i, "tidings.resumed")));
    const reads = (await readsOf(client)) - read;
    expect(far.every((i) => crowd.countOf(i) === EVENTS - 1)).toBe(true);
    expect(near.every((i) => crowd.countOf(i) === IN_MEMORY)).toBe(true);

    const figures = { cpuPerSecond: cpu / seconds, connectionsPerSecond: connections / seconds, reads };
    expect(figures.cpuPerSecond).toBeLessThan(200);
    expect(figures.connectionsPerSecond).toBeLessThan(4);
    // All that the waiting readers lack is read once for all of them, and not once for each.
    expect(figures.reads).toBeLessThan(READERS / 5);
  },
  60_000,
);
