import { resolve } from "node:path";
import { RedisClient } from "bun";
import { entriesOf } from "../../../src/log/redis/content.ts";
import { entriesOfReply, movedEntriesOf } from "../../../src/log/redis/stream-entries.ts";
import { killAfterwards } from "../../defer.ts";
import { emptyFolder } from "../../folder.ts";
import { freePort } from "../../free-port.ts";
import { beginLog } from "../../log/redis/begin-log.ts";
import { type RunningRedis, redisProgram, startRedis } from "../../log/redis/redis-server.ts";
import { TcpProxy } from "../../log/redis/tcp-proxy.ts";
import { until } from "../../until.ts";
import type { Kept } from "./generation.ts";

/** What the Sentinel calls the two. */
export const MASTER = "hub";
/** How long a server may be silent before the Sentinel takes it for gone, in milliseconds. */
const DOWN_AFTER_MS = 500;
/** What a Sentinel does every 10, 2 and 1 s, in milliseconds here. */
const HURRY = { "INFO-PERIOD": 200, "PUBLISH-PERIOD": 200, "PING-PERIOD": 100, "TILT-TRIGGER": 30_000 };

export type Index = 0 | 1;

export function otherOf(index: Index): Index {
  return index === 0 ? 1 : 0;
}

interface Server {
  redis: RunningRedis;
  /** Where the Sentinel and the other server reach it. */
  readonly front: TcpProxy;
}

/** Two servers and a real Sentinel, which reach each other through proxies. */
export class RedisPair {
  readonly servers: readonly [Server, Server];
  readonly sentinelPort: number;

  private constructor(servers: readonly [Server, Server], sentinelPort: number) {
    this.servers = servers;
    this.sentinelPort = sentinelPort;
  }

  static async start(appendfsync: string): Promise<RedisPair> {
    const start = async (): Promise<Server> => {
      const port = freePort();
      const front = new TcpProxy(port);
      const args = [
        "--appendonly",
        "yes",
        "--appendfsync",
        appendfsync,
        "--auto-aof-rewrite-percentage",
        "0",
      ];
      args.push("--replica-announce-ip", "127.0.0.1", "--replica-announce-port", `${front.port}`);
      args.push("--repl-ping-replica-period", "1", "--repl-timeout", "5");
      return { redis: await startRedis({ port, args }), front };
    };
    const servers = [await start(), await start()] as const;
    const [first, second] = servers;
    await beginLog(first.redis.url);
    await ask(second.redis.port, "REPLICAOF", "127.0.0.1", `${first.front.port}`);
    const pair = new RedisPair(servers, await startSentinel(first.front.port));
    await pair.inSync();
    return pair;
  }

  /** Which server the Sentinel names, 0 or 1. */
  async master(): Promise<Index> {
    const question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER] as const;
    const reply = await until(() => ask(this.sentinelPort, ...question).catch(() => undefined));
    return Number(Object(reply)[1]) === this.servers[1].front.port ? 1 : 0;
  }

  /** Resolves when the Sentinel names this server, and it takes writes. */
  async promoted(index: Index): Promise<void> {
    await until(
      async () => (await this.master()) === index && (await roleOf(this.servers[index])) === "master",
    );
  }

  /** Resolves when the other server is a replica again, and has all that the master has. */
  async inSync(): Promise<void> {
    await until(async () => {
      const master = await this.master();
      const replication = await replicationOf(this.servers[otherOf(master)]);
      return (
        (await roleOf(this.servers[master])) === "master" &&
        replication.includes("role:slave") &&
        replication.includes("master_link_status:up")
      );
    });
  }

  isReplica(index: Index): Promise<boolean> {
    return roleOf(this.servers[index]).then((role) => role === "slave");
  }

  /**
   * Starts a server again. Where its file has no end that it can read, what comes after the last good command is
   * cut off, as its operator would.
   *
   * @returns whether that was so.
   */
  async restart(index: Index): Promise<boolean> {
    const server = this.servers[index];
    const before = server.redis;
    const redis = await before.restart().catch(() => undefined);
    if (!redis) {
      const check = [redisProgram ?? "", "--fix", `${before.folder}/appendonlydir/appendonly.aof.manifest`];
      // The program is what it is called.
      const fixing = Bun.spawn(check, {
        argv0: "redis-check-aof",
        stdin: new Blob(["y\n"]),
        stdout: "ignore",
      });
      await fixing.exited;
    }
    server.redis = redis ?? (await before.restart());
    return redis === undefined;
  }

  /** The word of the life that the master's log is in, if it is in one. */
  async word(): Promise<string | undefined> {
    const { port } = this.servers[await this.master()].redis;
    const word = await ask(port, "HGET", "{tidings}:meta", "word").catch(() => undefined);
    return typeof word === "string" ? word : undefined;
  }

  /** What the master has, with the data of each event. */
  async log(): Promise<Kept[]> {
    const { port } = this.servers[await this.master()].redis;
    const moved = await ask(port, "ZRANGE", "{tidings}:moved", "0", "-1");
    return keptOf(await ask(port, "XRANGE", "{tidings}:log", "-", "+"), moved);
  }

  /** Erases the master's data. Resolves to what the log had, and whether nodes were putting something back. */
  async eraseAll(): Promise<{ log: Kept[]; isRecovering: boolean } | undefined> {
    const { port } = this.servers[await this.master()].redis;
    const client = connect(port);
    try {
      // All in one step: nothing comes between.
      const [log, moved, phase] = (await client.send("EVAL", [ERASE, "0"])) as [unknown, unknown, unknown];
      return { log: keptOf(log, moved), isRecovering: phase === 1 };
    } catch {
      return undefined;
    } finally {
      client.close();
    }
  }
}

const ERASE = `
  local log = redis.call('XRANGE', '{tidings}:log', '-', '+')
  local moved = redis.call('ZRANGE', '{tidings}:moved', 0, -1)
  local phase = redis.call('HEXISTS', '{tidings}:meta', 'phase')
  redis.call('FLUSHALL')
  return { log, moved, phase }`;

/** The events whose data is there, of the blocks in the stream and of those that have left it. */
function keptOf(stream: unknown, moved: unknown): Kept[] {
  const blocks = [...entriesOfReply(stream), ...movedEntriesOf(moved)].map(({ block }) => block);
  return blocks
    .sort((a, b) => a.last - b.last)
    .flatMap(entriesOf)
    .filter(({ erased }) => !erased)
    .map(({ json, id, keptAt }) => ({
      ...{ text: String(JSON.parse(json)), id, time: new Date(keptAt).toISOString() },
    }));
}

async function startSentinel(master: number): Promise<number> {
  const port = freePort();
  const folder = emptyFolder();
  const file = `${folder}/sentinel.conf`;
  await Bun.write(
    file,
    `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor ${MASTER} 127.0.0.1 ${master} 1\n` +
      `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}\nsentinel failover-timeout ${MASTER} 1000\n`,
  );
  if (redisProgram === undefined) throw new Error("no redis-server");
  const sentinel = Bun.spawn([resolve(redisProgram), file, "--sentinel"], {
    stdio: ["ignore", Bun.file(`${folder}/log`), "ignore"],
  });
  killAfterwards(sentinel);
  await until(() => ask(port, "PING").catch(() => undefined));
  // It came with Redis 7.
  const hurry = Object.entries(HURRY).flatMap(([name, value]) => [name, `${value}`]);
  await ask(port, "SENTINEL", "DEBUG", ...hurry).catch(() => {});
  return port;
}

function connect(port: number): RedisClient {
  return new RedisClient(`redis://127.0.0.1:${port}`, {
    ...{ autoReconnect: false, enableOfflineQueue: true, connectionTimeout: 1000 },
  });
}

/** Asks one thing on a connection of its own. */
export async function ask(port: number, ...[name, ...args]: [string, ...string[]]): Promise<unknown> {
  const client = connect(port);
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer to ${name}`)), 2000);
  try {
    return await Promise.race([client.send(name, args), promise]);
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

async function replicationOf({ redis }: Server): Promise<string> {
  return String(await ask(redis.port, "INFO", "replication").catch(() => ""));
}

async function roleOf(server: Server): Promise<string | undefined> {
  return /role:(\w+)/.exec(await replicationOf(server))?.[1];
}
