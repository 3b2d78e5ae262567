import { expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserless } from "../browser.ts";
import { redisProgram } from "../log/redis/redis-server.ts";
import { until } from "../until.ts";
import { Cluster } from "./chaos/cluster.ts";
import { Faults } from "./chaos/faults.ts";
import type { Kept } from "./chaos/generation.ts";
import { History } from "./chaos/history.ts";
import { type Fault, faultText, planOf } from "./chaos/plan.ts";
import { type Addresses, Publishers } from "./chaos/publishers.ts";
import { Readers } from "./chaos/readers.ts";
import { readAll, statusOf } from "./hub-client.ts";
import { isMissing, proxies } from "./proxy.ts";

/** How many faults, and from which seed: `scripts/chaos` names them. */
const COUNT = process.env["TIDINGS_TEST_CHAOS"];
/** Of the short run. A node that does not look at the word of a place is found out by it. */
const SHORT_SEED = 3;
const ANY_SEED = COUNT === undefined ? SHORT_SEED : Math.floor(Math.random() * 1e9);
const SEED = Number(process.env["TIDINGS_TEST_SEED"] ?? ANY_SEED);

interface Layout {
  /** How many faults when nobody says. */
  readonly faults: number;
  /** Of each node. */
  readonly workers: number;
  /** Whether nginx stands before the nodes. Otherwise publishers and readers choose the node. */
  readonly nginx: boolean;
  readonly readers: { readonly sdk: number; readonly raw: number; readonly browser: number };
}

const countOf = ({ faults }: Layout): number => Number(COUNT ?? faults);

async function run(layout: Layout): Promise<void> {
  const { promised, faults } = planOf(SEED, countOf(layout), layout.nginx);
  const history = new History();
  const done: string[] = [];
  const cluster = await Cluster.start(promised, history, layout.workers);
  try {
    const addresses = await addressesOf(cluster, layout.nginx);
    const figures = await fail(cluster, addresses, faults, history, layout, done);
    console.log(JSON.stringify({ seed: SEED, faults: faults.length, ...promised, ...figures }));
    expect(history.violations).toEqual([]);
  } catch (error) {
    const told = `TIDINGS_TEST_SEED=${SEED} TIDINGS_TEST_CHAOS=${faults.length}, ${JSON.stringify(promised)}`;
    const kept = await keep(cluster, history);
    const lines = [`${told}, kept in ${kept}`, ...done, ...history.violations.slice(0, 20)];
    throw new Error(lines.join("\n"), { cause: error });
  }
}

/** All faults, one after the other, while events are published and read; then what came of it. */
async function fail(
  cluster: Cluster,
  addresses: Addresses,
  faults: readonly Fault[],
  history: History,
  { readers: counts }: Layout,
  done: string[],
): Promise<object> {
  const startedAt = performance.now();
  const readers = new Readers(addresses.urls, history, SEED);
  const publishers = new Publishers(addresses, history, SEED);
  await readers.start(counts);
  const failing = new Faults(cluster, history);
  for (const fault of faults) {
    await Bun.sleep(fault.pause);
    done.push(faultText(fault));
    if (COUNT !== undefined) console.log(`${done.length}: ${done.at(-1)}`);
    await failing.make(fault);
    if (!fault.settles) continue;
    await cluster.settled();
    await readers.collect();
    expect(history.violations).toEqual([]);
  }
  await cluster.settled();
  await publishers.stop();
  const last = await publishers.probe(addresses.urls[0] ?? "");
  await readers.allSee(last, readers.names);
  await cluster.settled();
  // What the nodes tell each other is right again too.
  const clients = counts.sdk + counts.raw + counts.browser;
  for (const { hub } of cluster.members)
    await until(async () => (await statusOf(hub.url)).connected_clients === clients);
  const logs = await Promise.all(
    cluster.members.map(({ hub }) => until(() => logOf(hub.url).catch(() => undefined))),
  );
  await readers.stop();
  const [log = []] = [...logs].sort((a, b) => b.length - a.length);
  for (const other of logs) expect(history.undamaged(other)).toEqual(history.undamaged(log));
  const figures = history.verify(log);
  for (const [node, each] of logs.entries()) history.verifyErased(`node ${node}`, each);
  history.verifyErased("Redis", await cluster.pair.log());
  const counted = cluster.verifyCounts(log);
  return { ...figures, counted, seconds: Math.round((performance.now() - startedAt) / 1000) };
}

async function addressesOf({ members }: Cluster, nginx: boolean): Promise<Addresses> {
  const urls = members.map(({ hub }) => hub.url);
  if (!nginx) return { urls, nodeOf: (url) => urls.indexOf(url) };
  const [first = "", ...others] = urls;
  const nodeOf = (_: string, answer?: Response): number | undefined => {
    const answered = answer?.headers.get("x-node")?.split(", ").at(-1);
    return answered === undefined ? undefined : urls.indexOf(`http://${answered}`);
  };
  return { urls: [await proxies.nginx(first, ...others)], nodeOf };
}

async function logOf(url: string): Promise<Kept[]> {
  return (await readAll(url)).map(({ id, time, data }) => ({ text: String(data), id, time }));
}

/** What there is to look into: another run with the same seed would take another course. */
async function keep(cluster: Cluster, history: History): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-chaos-"));
  await Bun.write(join(folder, "history.json"), JSON.stringify(history));
  for (const [i, { hub }] of cluster.members.entries())
    await Bun.write(join(folder, `node-${i}.log`), hub.lines.join("\n"));
  for (const [i, { redis }] of cluster.pair.servers.entries())
    await Bun.write(join(folder, `redis-${i}.log`), Bun.file(join(redis.folder, "redis.log")));
  return folder;
}

const DIRECT: Layout = { faults: 4, workers: 1, nginx: false, readers: { sdk: 2, raw: 2, browser: 2 } };
const MACHINES: Layout = { faults: 3, workers: 2, nginx: true, readers: { sdk: 1, raw: 1, browser: 3 } };

const timeOf = (layout: Layout): number => 90_000 + 25_000 * countOf(layout);

test.skipIf(redisProgram === undefined || browserless)(
  "whatever fails, each acknowledged event comes once, in one order, or is lost and told by a gap",
  () => run(DIRECT),
  timeOf(DIRECT),
);

test.skipIf(redisProgram === undefined || browserless || isMissing("nginx"))(
  "so it does through nginx, from nodes that have workers, and are drained and upgraded",
  () => run(MACHINES),
  timeOf(MACHINES),
);
