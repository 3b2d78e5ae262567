import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { RedisClient } from "bun";
import { browserless } from "../browser.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { until } from "../until.ts";
import { runBinary, serveBinary } from "./binary.ts";
import { openConsole } from "./console.ts";
import { publish, publishAtRate, statusOf } from "./hub-client.ts";

const withRedis = test.skipIf(redisProgram === undefined);
const TIMEOUT = 60_000;

const ADMIN_KEY = "0123456789abcdefghij";
const SECRET = "a secret of more than thirty-two bytes";
const KEYS = ["--admin-key", ADMIN_KEY, "--jwt-key", SECRET];
const ADMIN = { authorization: `Bearer ${ADMIN_KEY}` };

/** Two programs that know of each other, each of so many nodes, and their Redis. */
async function twoPrograms(nodesOfEach: number, ...args: string[]) {
  const redis = await startRedis();
  await beginLog(redis.url);
  const serve = (...more: string[]) =>
    serveBinary(emptyFolder(), "--store", redis.url, "--workers", `${nodesOfEach}`, ...args, ...more);
  const [a, b] = await Promise.all([serve(), serve()]);
  const headers = args.includes(ADMIN_KEY) ? ADMIN : {};
  for (const { url } of [a, b])
    await until(async () => (await nodesOf(url, headers)).length === 2 * nodesOfEach);
  return { redis, serve, a, b };
}

/** Two nodes that know of each other, and their Redis. */
const twoNodes = (...args: string[]) => twoPrograms(1, ...args);

async function nodesOf(url: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}/status`, { headers, keepalive: false });
  const { nodes = [] } = (await answer.json()) as Awaited<ReturnType<typeof statusOf>>;
  return nodes;
}

function pause(pid: number): void {
  process.kill(pid, "SIGSTOP");
  defer(() => {
    if (existsSync(`/proc/${pid}`)) process.kill(pid, "SIGCONT");
  });
}

async function tokenOf(subject: string): Promise<string> {
  const flags = ["--jwt-key", SECRET, "--subscribe", "*", "--subject", subject];
  return (await runBinary(emptyFolder(), "token", ...flags)).output.trim();
}

async function ticketOf(url: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/tickets`, { method: "POST", headers });
  return ((await answer.json()) as { ticket: string }).ticket;
}

async function recipientsOf(url: string): Promise<number> {
  const answer = await publish(url, { type: "n", data: 0, topic: "a" });
  return ((await answer.json()) as { recipients: number }).recipients;
}

async function clientsOf(url: string): Promise<{ id: string }[]> {
  return ((await (await fetch(`${url}/clients`)).json()) as { clients: { id: string }[] }).clients;
}

withRedis(
  "nodes of two machines are one hub: counts, clients, removal, leaving",
  async () => {
    const { redis, a, b } = await twoNodes();
    const readers = await Promise.all([a, b, b].map(({ url }) => Reader.open(`${url}/events?topic=a`)));
    for (const { url } of [a, b]) {
      await until(async () => (await statusOf(url)).connected_clients === 3);
      await until(async () => (await recipientsOf(url)) === 3);
      expect(await clientsOf(url)).toHaveLength(3);
    }
    const [first] = readers;
    const own = (await statusOf(a.url)).nodes?.find(({ connected_clients }) => connected_clients === 1);
    expect(own).toBeDefined();
    // Removed through the node that does not have it.
    for (const { id } of await clientsOf(a.url)) {
      expect((await fetch(`${b.url}/clients/${id}`, { method: "DELETE" })).ok).toBe(true);
    }
    await until(async () => (await clientsOf(a.url)).length === 0);
    for (let event = await first?.next(); event; event = await first?.next());
    await until(async () => (await recipientsOf(a.url)) === 0);

    // By address, through the node that does not have it.
    await Reader.open(`${a.url}/events?topic=a`);
    await until(async () => (await clientsOf(b.url)).length === 1);
    const removed = await fetch(`${b.url}/clients?address=127.0.0.1`, { method: "DELETE" });
    expect(await removed.json()).toEqual({ removed: 1 });
    await until(async () => (await recipientsOf(a.url)) === 0);

    // They meet again after Redis was away.
    await redis.kill();
    await redis.restart();
    await until(async () => (await publish(a.url, { type: "n", data: 1 })).ok);
    await Reader.open(`${b.url}/events?topic=a`);
    await until(async () => (await recipientsOf(a.url)) === 1);

    // One that leaves is not waited for.
    b.kill("SIGTERM");
    await b.exited;
    await until(async () => (await statusOf(a.url)).silent === undefined);
    expect(await recipientsOf(a.url)).toBe(0);
  },
  TIMEOUT,
);

withRedis(
  "a silent node is named, and does what it was told when it is back",
  async () => {
    const { a, b } = await twoNodes();
    const reader = await Reader.open(`${b.url}/events?topic=a`);
    await until(async () => (await clientsOf(a.url)).length === 1);
    const [client] = await clientsOf(a.url);
    pause(b.pid);
    const { nodes, silent } = await statusOf(a.url);
    expect(nodes).toHaveLength(1);
    expect(silent).toHaveLength(1);
    const answer = await fetch(`${a.url}/clients/${client?.id}`, { method: "DELETE" });
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("no answer of node");
    process.kill(b.pid, "SIGCONT");
    for (let event = await reader.next(); event; event = await reader.next());
    await until(async () => (await clientsOf(a.url)).length === 0);
  },
  TIMEOUT,
);

withRedis(
  "a node that was silent for so long that Redis has let go of the removal ends its streams",
  async () => {
    const { redis, a, b } = await twoNodes();
    const client = new RedisClient(redis.url);
    defer(() => client.close());
    /** Entries of a third node, which says nothing, as many as the stream holds and more. */
    const tell = async (from: number, count: number) => {
      const entries = Array.from({ length: count }, (_, i) => [
        "v",
        "1",
        "n",
        "third",
        "s",
        `${from + i}`,
        "m",
        "[]",
      ]);
      const bound = ["{tidings}:control", "MAXLEN", "~", "4096", "*"];
      await Promise.all(entries.map((fields) => client.send("XADD", [...bound, ...fields])));
    };
    await Reader.open(`${a.url}/events?topic=a`);
    const reader = await Reader.open(`${b.url}/events?topic=a`);
    await until(async () => (await statusOf(a.url)).connected_clients === 2);

    // What it has only missed for a while is still there.
    pause(b.pid);
    await tell(1, 1000);
    process.kill(b.pid, "SIGCONT");
    await until(async () => (await statusOf(b.url)).nodes?.length === 2 && (await recipientsOf(b.url)) === 2);

    pause(b.pid);
    await fetch(`${a.url}/clients?address=203.0.113.1`, { method: "DELETE" });
    await tell(1001, 5000);
    process.kill(b.pid, "SIGCONT");
    for (let event = await reader.next(); event; event = await reader.next());
    await until(async () => (await recipientsOf(a.url)) === 1);
    expect(await (await fetch(`${a.url}/clients`)).json()).toMatchObject({ total: 1 });
  },
  TIMEOUT,
);

withRedis(
  "tickets, sessions and removal by subject hold for the hub",
  async () => {
    const { a, b } = await twoNodes(...KEYS);
    const token = await tokenOf("alice");
    // A ticket is good once, at whichever node.
    const ticket = await ticketOf(a.url, token);
    const uses = await Promise.all([a, b, b].map(({ url }) => fetch(`${url}/events?ticket=${ticket}`)));
    expect(uses.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    for (const { body } of uses) await body?.cancel();
    const elsewhere = await Reader.open(`${b.url}/events?ticket=${await ticketOf(a.url, token)}`);
    expect((await elsewhere.next())?.event).toBe("connected");
    // A session that one node began is one at the other.
    const begun = await fetch(`${a.url}/session`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    const [cookie = ""] = (begun.headers.get("set-cookie") ?? "").split(";");
    const session = await Reader.open(`${b.url}/events`, { cookie });
    expect((await session.next())?.event).toBe("connected");

    // Who issued the ticket may still answer: an EventSource must not be sent away for good.
    const waiting = await ticketOf(b.url, token);
    pause(b.pid);
    const accept = "text/event-stream";
    const busy = await fetch(`${a.url}/events?ticket=${waiting}`, { headers: { accept } });
    expect([busy.status, (await busy.text()).includes("event: tidings.busy")]).toEqual([200, true]);
    const removal = await fetch(`${a.url}/clients?subject=alice`, { method: "DELETE", headers: ADMIN });
    expect(((await removal.json()) as { silent: string[] }).silent).toHaveLength(1);
    process.kill(b.pid, "SIGCONT");
    for (const reader of [elsewhere, session]) while (await reader.next());
  },
  TIMEOUT,
);

withRedis(
  "limits and rates hold for the hub",
  async () => {
    const limits = ["--max-clients", "5", "--max-clients-per-address", "4", "--publish-rate", "50/s"];
    const { a, b } = await twoNodes(...limits, "--trust-proxy", "127.0.0.1");
    const open = (url: string, address: string) =>
      Reader.open(`${url}/events`, { "x-forwarded-for": address });
    const refused = async (url: string, address: string) => {
      const answer = await fetch(`${url}/events`, { headers: { "x-forwarded-for": address } });
      await answer.body?.cancel();
      return answer.status;
    };
    const readers = await Promise.all([a, b, a, b].map(({ url }) => open(url, "203.0.113.1")));
    for (const { url } of [a, b]) await until(async () => (await refused(url, "203.0.113.1")) === 429);
    readers.push(await open(b.url, "203.0.113.2"));
    for (const { url } of [a, b]) await until(async () => (await refused(url, "203.0.113.3")) === 503);

    const publishing = [a, b, a, b].map(
      ({ url }) =>
        () =>
          publish(url, { type: "n", data: 1 }),
    );
    const { taken, seconds } = await publishAtRate(50, publishing);
    // One second's share at the start, and what each took before it heard of the other's.
    expect(taken).toBeLessThan(50 * (seconds + 1) + 50);
  },
  TIMEOUT,
);

withRedis(
  "workers of each machine are nodes of the one hub",
  async () => {
    const { a, b } = await twoPrograms(2, "--drain", "200ms");
    const readers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => Reader.open(`${[a, b][i % 2]?.url}/events?topic=a`)),
    );
    for (const { url } of [a, b]) {
      await until(async () => (await statusOf(url)).connected_clients === 16);
      await until(async () => (await recipientsOf(url)) === 16);
      expect(await clientsOf(url)).toHaveLength(16);
    }
    // Until all have read what has just been published.
    const nodes = await until(async () => {
      const all = await nodesOf(a.url);
      return all.every(({ lag }) => lag === 0) ? all : undefined;
    });
    expect(nodes.map(({ state, life }) => ({ state, life }))).toEqual(
      nodes.map(() => ({ state: "active", life: nodes[0]?.life ?? 0 })),
    );
    // Each machine is asked by Prometheus, and tells of its own.
    for (const { url } of [a, b]) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain("\ntidings_clients 8\n");
      expect(metrics).toContain("\ntidings_nodes 4\n");
      expect(metrics.match(/^tidings_worker_up\{.*\} 1$/gm)).toHaveLength(2);
    }

    // A worker that ends is started again, under another name.
    const worker = nodes.find(({ name }) => name.includes(`-${b.pid}-`));
    if (!worker) throw new Error("no worker of this program");
    process.kill(worker.pid, "SIGKILL");
    await until(async () => {
      const now = await nodesOf(a.url).catch(() => []);
      return now.length === 4 && !now.some(({ name }) => name === worker.name);
    });

    // All of a machine leave, and the others go on.
    b.kill("SIGTERM");
    expect(await b.exited).toBe(0);
    await until(async () => (await nodesOf(a.url)).length === 2);
    await until(async () => (await statusOf(a.url)).connected_clients === 8);

    // Without the process that started them, workers end.
    const workers = await nodesOf(a.url);
    a.kill("SIGKILL");
    await until(() => workers.every(({ pid }) => !existsSync(`/proc/${pid}`)));
    for (const reader of readers) while (await reader.next().catch(() => undefined));
  },
  TIMEOUT,
);

test.skipIf(redisProgram === undefined || browserless)(
  "the console shows the nodes, and names one that is silent",
  async () => {
    const { a, b } = await twoNodes();
    await Reader.open(`${b.url}/events`);
    const { page, faults } = await openConsole(a.url);
    const table = page.getByRole("region", { name: "Nodes of the hub" });
    const rows = async () => (await table.locator("tbody tr").allInnerTexts()).map((row) => row.split("\t"));
    // One reader, and the page's own stream is none.
    await until(
      async () =>
        (await rows())
          .map(([, state, , clients]) => `${state} ${clients}`)
          .sort()
          .join() === "active 0,active 1",
    );
    expect((await rows()).every(([, , life, , , , version]) => life === "1" && version !== "")).toBe(true);
    pause(b.pid);
    await until(async () => (await rows()).some(([, state]) => state === "no answer"));
    expect(faults).toEqual([]);
  },
  TIMEOUT,
);
