import { expect, test } from "bun:test";
import { HubEvent, type Subjects } from "../../src/protocol/hub-events.ts";
import type { Status } from "../../src/protocol/status.ts";
import { emptyFolder } from "../folder.ts";
import { ADMIN_KEY, bearer, SECRET, sign } from "../http/keyed-hub.ts";
import { Reader } from "../http/reader.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";

const TIMEOUT = 90_000;
const KEYS = ["--jwt-key", SECRET, "--admin-key", ADMIN_KEY];
const ROOM = { subscribe: ["rooms/*"], presence: ["rooms/*"] };

const as = async (subject: string) => ({
  ...bearer(await sign(ROOM, { subject })),
  // Each is a connection of its own, so that the system spreads them.
  connection: "close",
});

/** A watcher, and whom it takes for present. */
async function watch(url: string, subject: string) {
  const reader = await Reader.open(`${url}/events?topic=rooms/7&presence=true`, await as(subject));
  const watcher = { present: new Set<string>(), ended: false };
  void follow();
  return watcher;

  async function follow() {
    for (;;) {
      const event = await reader.next().catch(() => undefined);
      if (!event) break;
      if (event.event === HubEvent.connected) continue;
      const { subjects }: Subjects = JSON.parse(event.data);
      if (event.event === HubEvent.present) watcher.present = new Set(subjects);
      for (const one of subjects) {
        if (event.event === HubEvent.joined) watcher.present.add(one);
        if (event.event === HubEvent.left) watcher.present.delete(one);
      }
    }
    watcher.ended = true;
  }
}

const NAMESPACE = "/.well-known/mercure/subscriptions";

/** A watcher of subscriptions by the Mercure protocol, and those to "m" that it takes for active. */
async function watchSubscriptions(url: string) {
  const query = new URLSearchParams({ match_urlpattern: `${NAMESPACE}/:type/:match/:subscriber` });
  const headers = { ...(await asKnowing()), connection: "close" };
  const reader = await Reader.open(`${url}/.well-known/mercure?${query}`, headers);
  const watcher = { active: new Set<string>(), ended: false };
  void follow();
  return watcher;

  async function follow() {
    for (;;) {
      const event = await reader.next().catch(() => undefined);
      if (!event) break;
      const { match, subscriber, active } = JSON.parse(event.data);
      if (match !== "m") continue;
      if (active) watcher.active.add(subscriber);
      else watcher.active.delete(subscriber);
    }
    watcher.ended = true;
  }
}

const asKnowing = async () => bearer(await sign({ subscribe: ["*"] }));

async function subscriptionsAt(url: string): Promise<string[]> {
  const answer = await fetch(`${url}${NAMESPACE}/exact/m`, { headers: await asKnowing() });
  const list = (await answer.json()) as { subscriptions: { subscriber: string }[] };
  return list.subscriptions.map(({ subscriber }) => subscriber).sort();
}

async function readersAt(url: string): Promise<{ readers: number; subjects: string[]; silent?: string[] }> {
  const answer = await fetch(`${url}/subscriptions?topic=rooms/7`, { headers: await as("asker") });
  return (await answer.json()) as never;
}

async function nodesOf(url: string): Promise<NonNullable<Status["nodes"]>> {
  const answer = await fetch(`${url}/status`, { headers: bearer(ADMIN_KEY) });
  return ((await answer.json()) as Status).nodes ?? [];
}

/** How many streams each node has, by its process; resolves when all of them have that many. */
async function streamsOf(url: string, all: number): Promise<Map<number, number>> {
  const nodes = await until(async () => {
    const found = await nodesOf(url);
    const streams = found.reduce((sum, { connected_clients }) => sum + connected_clients, 0);
    return streams === all ? found : undefined;
  });
  return new Map(nodes.map(({ pid, connected_clients }) => [pid, connected_clients]));
}

/**
 * Readers at all nodes, then one node fewer: those who watch elsewhere are told that its readers have left.
 *
 * @param kill kills one of these processes: each has readers and subscribers, but not all watchers.
 */
async function outlive(urls: readonly string[], kill: (pids: readonly number[]) => Promise<void>) {
  const at = (i: number) => urls[i % urls.length] ?? "";
  const names = Array.from({ length: 12 }, (_, i) => `user-${i}`);
  const watchers = await Promise.all(names.slice(0, 6).map((name, i) => watch(at(i), name)));
  const watched = await streamsOf(at(0), 6);
  await Promise.all(
    names.slice(6).map(async (name, i) => Reader.open(`${at(i)}/events?topic=rooms/*`, await as(name))),
  );
  const read = await streamsOf(at(0), 12);
  await until(() => watchers.every(({ present }) => present.size === 12));
  const knowing = await Promise.all([0, 1, 2, 3].map((i) => watchSubscriptions(at(i))));
  const knew = await streamsOf(at(0), 16);
  await Promise.all(
    names.map(async (_, i) => Reader.open(`${at(i)}/.well-known/mercure?match=m`, { connection: "close" })),
  );
  const subscribed = await streamsOf(at(0), 28);
  await until(() => knowing.every(({ active }) => active.size === 12));
  for (const url of urls) {
    await until(async () => (await subscriptionsAt(url)).length === 12);
    const { readers, subjects } = await readersAt(url);
    expect([readers, subjects]).toEqual([12, names.toSorted()]);
  }
  const killedAt = performance.now();
  // The system spreads streams as it likes: a worker may have none of some kind.
  const fit = [...watched.keys()].filter((pid) => {
    const readers = read.get(pid) ?? 0;
    const subscribers = (subscribed.get(pid) ?? 0) - (knew.get(pid) ?? 0);
    return watched.get(pid) !== 6 && readers > 0 && subscribers > 0;
  });
  await kill(fit);
  const left = () => watchers.filter(({ ended }) => !ended);
  await until(() => left().every(({ present }) => present.size < 12));
  const took = performance.now() - killedAt;
  // Within the grace nobody had left, and all who had a stream at another node are still there.
  expect(took).toBeGreaterThan(6000);
  const { readers, subjects } = await readersAt(at(0));
  expect(left().length).toBeGreaterThan(0);
  expect(subjects).toHaveLength(readers);
  const shown = subjects.join();
  await until(() => left().every(({ present }) => [...present].sort().join() === shown));
  const active = await subscriptionsAt(at(0));
  expect(active.length).toBeLessThan(12);
  const known = () => knowing.filter(({ ended }) => !ended);
  await until(() => known().every((one) => [...one.active].sort().join() === active.join()));
  return took;
}

test.skipIf(process.platform !== "linux")(
  "who is there is known at all workers and machines, and after one was killed",
  async () => {
    const workers = async () => {
      const { url } = await serveBinary(emptyFolder(), "--workers", "3", ...KEYS);
      await until(async () => (await nodesOf(url)).length === 3);
      return outlive([url], async ([victim]) => {
        if (victim === undefined) throw new Error("no worker has streams of each kind");
        process.kill(victim, "SIGKILL");
      });
    };
    const machines = async () => {
      if (redisProgram === undefined) return 0;
      const redis = await startRedis();
      await beginLog(redis.url);
      const serve = () => serveBinary(emptyFolder(), "--store", redis.url, ...KEYS);
      const [a, b] = await Promise.all([serve(), serve()]);
      for (const { url } of [a, b]) await until(async () => (await nodesOf(url)).length === 2);
      return outlive([a.url, b.url], async () => b.kill("SIGKILL"));
    };
    // Both wait for ten seconds: they do it together.
    const [workersTook, machinesTook] = await Promise.all([workers(), machines()]);
    console.log(
      `left after ${Math.round(workersTook)} ms (workers), ${Math.round(machinesTook)} ms (machines)`,
    );
  },
  TIMEOUT,
);
