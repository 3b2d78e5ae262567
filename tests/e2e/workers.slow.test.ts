import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { TInteger, TObject } from "@sinclair/typebox";
import { createPublisher, createSubscriber } from "../../src/sdk/index.ts";
import { browserless, openPage } from "../browser.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { Reader } from "../http/reader.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";
import { binary, runBinary, serveBinary } from "./binary.ts";
import { publish, publishAtRate, readAll, statusOf } from "./hub-client.ts";

// Processes that share a port: only Linux spreads connections over them.
const linux = test.skipIf(process.platform !== "linux");
const WORKERS = ["--workers", "3"];
const TIMEOUT = 120_000;

type Events = { n: TObject<{ n: TInteger }> };
type Hub = Awaited<ReturnType<typeof serveBinary>>;

/** The workers as the hub lists them. */
async function workersOf({ url }: Hub) {
  return (await statusOf(url)).nodes ?? [];
}

/** Whether so many workers and clients are listed. Not yet, where a worker that was killed has the question. */
async function isWhole(hub: Hub, workers: number, clients: number): Promise<boolean> {
  const status = await statusOf(hub.url).catch(() => undefined);
  return status?.nodes?.length === workers && status.connected_clients === clients;
}

/** So many streams, spread over the workers as the system likes. */
function openMany({ url }: Hub, count: number, query = ""): Promise<Reader[]> {
  return Promise.all(Array.from({ length: count }, () => Reader.open(`${url}/events${query}`)));
}

function pause(pid: number): void {
  process.kill(pid, "SIGSTOP");
  defer(() => {
    // The test may have ended it by then.
    if (existsSync(`/proc/${pid}`)) process.kill(pid, "SIGCONT");
  });
}

linux(
  "one hub: streams at any worker, and one count of them all",
  async () => {
    const hub = await serveBinary(emptyFolder(), ...WORKERS);
    const { url } = hub;
    const readers = await openMany(hub, 30, "?topic=a/*");
    const others = await openMany(hub, 6, "?topic=b");
    await until(async () => (await statusOf(url)).connected_clients === 36);
    const workers = await workersOf(hub);
    expect(workers.map(({ name }) => name)).toEqual(["1", "2", "3"]);
    expect(workers.filter(({ connected_clients }) => connected_clients > 0).length).toBeGreaterThan(1);
    // What clients ask for is told ten times a second.
    await until(async () => {
      const answer = await publish(url, { type: "n", data: 0, topic: "a/1" });
      return ((await answer.json()) as { recipients: number }).recipients === 30;
    });
    await publish(url, { type: "last", data: 1, topic: "a/1" });
    const orders = await Promise.all(
      readers.map(async (reader) => {
        const ids: unknown[] = [];
        for (let event = await reader.next(); event; event = await reader.next()) {
          if (event.event !== "connected") ids.push(event.id);
          if (event.event === "last") break;
        }
        return ids;
      }),
    );
    expect(new Set(orders.map((ids) => ids.join())).size).toBe(1);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain("\ntidings_clients 36\n");
    for (const { name, connected_clients } of workers) {
      expect(metrics).toContain(`\ntidings_worker_clients{worker="${name}"} ${connected_clients}\n`);
    }
    const listed = (await (await fetch(`${url}/clients`)).json()) as {
      clients: { id: string }[];
      total: number;
    };
    expect([listed.total, listed.clients.length]).toEqual([36, 36]);
    // Whichever worker is asked, and whichever has it.
    for (const { id } of listed.clients.slice(0, 5)) {
      expect((await fetch(`${url}/clients/${id}`, { method: "DELETE" })).status).toBe(204);
      expect((await fetch(`${url}/clients/${id}`, { method: "DELETE" })).status).toBe(404);
    }
    const removed = await fetch(`${url}/clients?address=127.0.0.1`, { method: "DELETE" });
    expect(await removed.json()).toEqual({ removed: 31 });
    await until(async () => (await statusOf(url)).connected_clients === 0);
    expect(others).toHaveLength(6);
  },
  TIMEOUT,
);

linux(
  "a page of the history that waits is answered at any worker",
  async () => {
    const { url } = await serveBinary(emptyFolder(), ...WORKERS);
    const { next } = (await (await fetch(`${url}/history`)).json()) as { next: string };
    const waiting = Array.from({ length: 12 }, async () => {
      const headers = { connection: "close" };
      const answer = await fetch(`${url}/history?topic=a&after=${next}&wait=60s`, { headers });
      return ((await answer.json()) as { events: { data: unknown }[] }).events.map(({ data }) => data);
    });
    await until(async () => (await statusOf(url)).connected_clients === 12);
    await publish(url, { type: "n", data: 1, topic: "b" });
    await publish(url, { type: "n", data: 2, topic: "a" });
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => [2]));
    await until(async () => (await statusOf(url)).connected_clients === 0);
  },
  TIMEOUT,
);

linux(
  "limits, rates and tickets are the hub's",
  async () => {
    const key = "0123456789abcdefghij";
    const flags = ["--max-clients", "6", "--publish-rate", "50/s", "--admin-key", key];
    const hub = await serveBinary(emptyFolder(), ...WORKERS, ...flags);
    const authorization = `Bearer ${key}`;
    // A ticket is good once, at whichever worker.
    const readers: Reader[] = [];
    for (let i = 0; i < 6; i++) {
      const answer = await fetch(`${hub.url}/tickets`, { method: "POST", headers: { authorization } });
      const { ticket } = (await answer.json()) as { ticket: string };
      const reader = await Reader.open(`${hub.url}/events?ticket=${ticket}`);
      readers.push(reader);
      expect((await reader.next())?.event).toBe("connected");
      expect((await fetch(`${hub.url}/events?ticket=${ticket}`)).status).toBe(401);
    }
    // What has joined is known everywhere within a second.
    await until(async () => {
      const statuses = await Promise.all(
        Array.from({ length: 12 }, async () => {
          const answer = await fetch(`${hub.url}/events`, { headers: { connection: "close" } });
          await answer.body?.cancel();
          return answer.status;
        }),
      );
      return statuses.every((status) => status === 503);
    });
    for (const reader of readers) reader.leave();
    const publishOne = () => post(`${hub.url}/publish`, { type: "n", data: 1 }, { authorization });
    const { taken, seconds } = await publishAtRate(50, Array(12).fill(publishOne));
    // One second's share at the start, and what more comes before the others hear of it.
    expect(taken).toBeLessThan(50 * (seconds + 1) + 3 * 50);
  },
  TIMEOUT,
);

for (const store of ["memory", "events.db"]) {
  test.skipIf(process.platform !== "linux" || browserless)(
    `workers that are killed under load are started again, and nobody misses anything (${store})`,
    async () => {
      const hub = await serveBinary(emptyFolder(), ...WORKERS, "--store", store);
      const { url } = hub;
      const stop = new AbortController();
      const gaps: unknown[] = [];
      const received: number[][] = Array.from({ length: 6 }, () => []);
      const listening = received.map(async (seen) => {
        const events = createSubscriber<Events>({ url, signal: stop.signal, onGap: (gap) => gaps.push(gap) });
        for await (const { type, data } of events) if (type === "n") seen.push(data.n);
      });
      const page = await openPage(`${url}/healthz`);
      await page.evaluate(() => {
        const seen: (number | string)[] = [];
        const source = new EventSource("/events");
        source.addEventListener("n", ({ data }) => seen.push(JSON.parse(data).n));
        source.addEventListener("tidings.gap", () => seen.push("gap"));
        source.addEventListener("error", () => {
          if (source.readyState === EventSource.CLOSED) seen.push("closed");
        });
        Object.assign(globalThis, { seen });
      });
      await until(async () => (await statusOf(url)).connected_clients === 7);
      const publisher = createPublisher<Events>({ url, retries: 20 });
      let published = 0;
      let publishing = true;
      const load = (async () => {
        while (publishing) await publisher.publish("n", { n: published++ });
      })();
      for (let kill = 0; kill < 4; kill++) {
        const before = published;
        await until(() => published > before + 20);
        const workers = await workersOf(hub);
        process.kill(workers[kill % workers.length]?.pid ?? 0, "SIGKILL");
        await until(() => isWhole(hub, 3, 7));
      }
      publishing = false;
      await load;
      const expected = Array.from({ length: published }, (_, n) => n);
      await until(() => received.every((seen) => seen.at(-1) === published - 1));
      for (const seen of received) expect(seen).toEqual(expected);
      const inPage = async () => (await page.evaluate("seen")) as unknown[];
      await until(async () => (await inPage()).at(-1) === published - 1);
      expect(await inPage()).toEqual(expected);
      expect(gaps).toEqual([]);
      stop.abort();
      await Promise.allSettled(listening);
      hub.kill("SIGTERM");
      expect(await hub.exited).toBe(0);
    },
    TIMEOUT,
  );
}

linux(
  "when the process that has the log is killed, all end; publishers are told, and the port is free",
  async () => {
    const folder = emptyFolder();
    const flags = [...WORKERS, "--store", "events.db", "--port", `${freePort()}`];
    const hub = await serveBinary(folder, ...flags);
    const workers = await workersOf(hub);
    const [reader] = await openMany(hub, 1);
    expect((await publish(hub.url, { type: "n", data: 1 })).status).toBe(200);
    // An event that it is not there to keep, and that nobody knows of.
    pause(hub.pid);
    const asked = publish(hub.url, { type: "n", data: 2, id: "two" });
    const unnamed = publish(hub.url, { type: "n", data: 3 });
    // When all workers have answered others since, they have sent these on.
    for (let i = 0; i < 50; i++) await fetch(`${hub.url}/healthz`, { headers: { connection: "close" } });
    hub.kill("SIGKILL");
    const [answer, other] = await Promise.all([asked, unnamed]);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(((await answer.json()) as { type: string }).type).toBe("outcome-unknown");
    expect([other.status, other.headers.get("retry-after")]).toEqual([503, null]);
    await hub.exited;
    await until(() => workers.every(({ pid }) => !existsSync(`/proc/${pid}`)));
    while (await reader?.next());
    const next = await serveBinary(folder, ...flags);
    expect((await readAll(next.url)).map(({ data }) => data)).toContain(1);
    expect((await publish(next.url, { type: "n", data: 2, id: "two" })).status).toBe(200);
  },
  TIMEOUT,
);

for (const store of ["memory", "events.db"]) {
  linux(
    `a worker that is stopped for a while is named, and misses nothing (${store})`,
    async () => {
      const hub = await serveBinary(emptyFolder(), ...WORKERS, "--store", store, "--history-bytes", "200MB");
      const { url } = hub;
      const readers = await openMany(hub, 24);
      await until(async () => (await statusOf(url)).connected_clients === 24);
      const workers = await workersOf(hub);
      const stopped = workers.find(({ connected_clients }) => connected_clients > 0);
      if (!stopped) throw new Error("nobody is connected");
      pause(stopped.pid);
      // Ask a worker that runs: half of the connections may wait for the one that does not.
      const ask = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
        for (;;) {
          const signal = AbortSignal.timeout(1500);
          const answer = await fetch(`${url}${path}`, { ...init, signal, keepalive: false }).catch(
            () => undefined,
          );
          if (answer) return (await answer.json()) as T;
        }
      };
      // The others may be late, too, where the machine is busy.
      const status = await until(async () => {
        const said = await ask<{ silent: string[]; connected_clients: number }>("/status");
        return said.silent.join() === stopped.name ? said : undefined;
      });
      expect(status.connected_clients).toBe(24 - stopped.connected_clients);
      // More than may wait for one worker.
      const data = "x".repeat(100_000);
      const headers = { "content-type": "application/json" };
      let published = 0;
      while (published < 300) {
        // With ids: what was kept, and answered too late, is not kept again.
        const batch = Array.from({ length: 50 }, (_, i) => ({ type: "n", data, id: `${published + i}` }));
        const init = { method: "POST", headers, body: JSON.stringify(batch) };
        published += (await ask<{ ids?: string[] }>("/publish/batch", init)).ids?.length ?? 0;
      }
      process.kill(stopped.pid, "SIGCONT");
      await ask("/publish", {
        method: "POST",
        headers,
        body: JSON.stringify({ type: "last", data: 1 }),
      });
      for (const reader of readers) {
        let count = 0;
        for (let event = await reader.next(); event && event.event !== "last"; event = await reader.next()) {
          expect(event.event).not.toBe("tidings.gap");
          if (event.event === "n") count++;
        }
        expect(count).toBe(published);
      }
      await until(async () => (await workersOf(hub)).every(({ lag }) => lag === 0));
    },
    TIMEOUT,
  );
}

linux(
  "what is wrong at the start is said once, in a line",
  async () => {
    const folder = emptyFolder();
    const hub = await serveBinary(folder, ...WORKERS, "--store", "events.db");
    const { port } = new URL(hub.url);
    for (const flags of [WORKERS, []]) {
      const taken = await runBinary(folder, "serve", "--port", port, ...flags);
      expect([taken.code, taken.errors.trim().split("\n").length]).toEqual([1, 1]);
      expect(taken.errors).toContain(`can't listen on 127.0.0.1 port ${port}`);
      const used = await runBinary(folder, "serve", "--port", "0", "--store", "events.db", ...flags);
      expect([used.code, used.errors]).toEqual([2, "tidings: events.db is in use by another hub\n"]);
    }
    await Bun.write(`${folder}/events.ts`, "export default 1");
    const wrong = await runBinary(folder, "serve", "--port", "0", "--events", "events.ts", ...WORKERS);
    expect([wrong.code, wrong.errors.trim().split("\n").length]).toEqual([2, 1]);
    expect(wrong.errors).toStartWith("tidings: ");
  },
  TIMEOUT,
);

test(
  "where processes can't share the address, one line says so, and one process serves",
  async () => {
    const folder = emptyFolder();
    const child = Bun.spawn([binary, "serve", "--unix", `${folder}/hub.sock`, ...WORKERS], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    defer(() => child.kill("SIGKILL"));
    // The socket is there before the hub listens on it.
    const ask = () => fetch("http://localhost/status", { unix: `${folder}/hub.sock` }).catch(() => undefined);
    await until(async () => (await ask())?.ok === true);
    const status = await (await ask())?.json();
    expect(status).not.toHaveProperty("nodes");
    child.kill("SIGTERM");
    expect(await new Response(child.stderr).text()).toContain(
      "a Unix socket can't be shared; one process serves",
    );
  },
  TIMEOUT,
);

linux(
  "SIGHUP reaches all workers, and SIGTERM drains them",
  async () => {
    const folder = emptyFolder();
    const catalog = (type: string) =>
      `import { Type } from "@sinclair/typebox"; export default { "${type}": Type.Object({}) };`;
    await Bun.write(`${folder}/events.ts`, catalog("one"));
    const flags = ["--events", "events.ts", "--drain", "500ms"];
    const hub = await serveBinary(folder, ...WORKERS, ...flags);
    await Bun.write(`${folder}/events.ts`, catalog("two"));
    hub.kill("SIGHUP");
    const known = async () =>
      Object.keys(
        (await (await fetch(`${hub.url}/catalog`, { keepalive: false })).json()) as Record<string, unknown>,
      ).includes("two");
    await until(async () => {
      const all = await Promise.all(Array.from({ length: 12 }, known));
      return all.every(Boolean);
    });
    const readers = await openMany(hub, 12);
    hub.kill("SIGTERM");
    for (const reader of readers) {
      while (await reader.next());
      expect(reader.retries).toHaveLength(2);
    }
    expect(await hub.exited).toBe(0);
  },
  TIMEOUT,
);
