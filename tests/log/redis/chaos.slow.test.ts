import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import type { Entry } from "../../../src/log/entry.ts";
import { placeText } from "../../../src/protocol/place.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { type RunningRedis, redisProgram, startRedis } from "./redis-server.ts";
import { TcpProxy } from "./tcp-proxy.ts";

/** How many faults, and from which seed on; a longer run is TIDINGS_TEST_CHAOS=100. */
const FAULT_COUNT = Number(process.env["TIDINGS_TEST_CHAOS"] ?? 6);
const SEED = Number(process.env["TIDINGS_TEST_SEED"] ?? Math.floor(Math.random() * 1e9));

const FAULTS = {
  "kill and restart": 3,
  "promote a replica that lags": 3,
  "promote twice": 1,
  "stop for a while": 2,
  "cut a node off": 2,
  "cut all nodes off": 1,
  "kill the connections": 2,
  "crash a node": 2,
  "erase all": 1,
} as const;
type Fault = keyof typeof FAULTS;

function* randoms(seed: number): Generator<number, never, void> {
  let x = seed || 1;
  for (;;) {
    x = (x ^ (x << 13)) >>> 0;
    x ^= x >>> 17;
    x = (x ^ (x << 5)) >>> 0;
    yield x / 4294967296;
  }
}

interface Member {
  readonly proxy: TcpProxy;
  node: HubNode;
}

/** Three nodes, two servers, and publishers that never stop. The first node is neither cut off nor crashed. */
class Chaos {
  readonly #randoms = randoms(SEED);
  #servers: [master: RunningRedis, replica: RunningRedis];
  readonly #members: Member[];
  readonly #erased = new Set<string>();
  /** What each event says by which it is known, when its publisher was told that it was kept. */
  readonly acknowledged = new Set<string>();
  /** What stood at each place, as any node was told. */
  readonly #places = new Map<string, string>();
  readonly log: string[] = [];
  #stopped = false;
  #published = 0;

  private constructor(servers: [RunningRedis, RunningRedis], members: Member[]) {
    this.#servers = servers;
    this.#members = members;
  }

  static async start(): Promise<Chaos> {
    const master = await startRedis({ args: DURABLE });
    const replica = await startRedis({ args: DURABLE });
    await beginLog(master.url);
    await ask(replica, "REPLICAOF", "127.0.0.1", `${master.port}`);
    const members = await Promise.all(
      [1, 2, 3].map(async () => {
        const proxy = new TcpProxy(master.port);
        return { proxy, node: await new HubNode(proxy.url, { bounds: ALL }).started() };
      }),
    );
    return new Chaos([master, replica], members);
  }

  #chance(): number {
    return this.#randoms.next().value;
  }

  #pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.#chance() * list.length)];
    if (picked === undefined) throw new Error("nothing to pick");
    return picked;
  }

  async run(): Promise<void> {
    const publishers = Array.from({ length: 4 }, () => this.#publish());
    const kinds = (Object.keys(FAULTS) as Fault[]).flatMap((fault) =>
      Array<Fault>(FAULTS[fault]).fill(fault),
    );
    for (let i = 0; i < FAULT_COUNT; i++) {
      await Bun.sleep(200 + this.#chance() * 800);
      // The one that loses events is in every run.
      const fault = i === 0 ? "promote a replica that lags" : this.#pick(kinds);
      this.log.push(fault);
      await this.#fail(fault);
      // Some faults meet the recovery of the one before.
      if (this.#chance() < 0.6) await this.#settled();
    }
    await this.#settled();
    this.#stopped = true;
    await Promise.all(publishers);
    await this.#settled();
  }

  async #settled(): Promise<void> {
    await until(() => this.#members.every(({ node }) => node.store.engine.state === "open"));
    const [first] = this.#members;
    const probe = draft({ json: JSON.stringify(`probe ${this.#published++}`) });
    await until(() => first?.node.log.append([probe]).catch(() => undefined));
    await until(() => new Set(this.#members.map(({ node }) => node.log.head)).size === 1 || !this.#stopped);
  }

  async #publish(): Promise<void> {
    while (!this.#stopped) {
      const text = `event ${this.#published++}`;
      const id = this.#chance() < 0.7 ? text : undefined;
      const drafts = Array.from({ length: 1 + Math.floor(this.#chance() * 3) }, (_, i) =>
        draft({ id: id && `${id}/${i}`, json: JSON.stringify(`${text}/${i}`) }),
      );
      for (;;) {
        const { node } = this.#pick(this.#members);
        const receipts = await node.log.append(drafts).catch(() => undefined);
        if (receipts) for (const { json } of drafts) this.acknowledged.add(json);
        // Only what has an id can be asked again.
        if (receipts || id === undefined || this.#stopped) break;
        await Bun.sleep(20);
      }
      await Bun.sleep(this.#chance() * 10);
    }
  }

  async #fail(fault: Fault): Promise<void> {
    const [master] = this.#servers;
    const [, ...others] = this.#members;
    switch (fault) {
      case "kill and restart":
        await master.kill();
        await Bun.sleep(this.#chance() * 500);
        this.#servers[0] = await master.restart();
        return;
      case "promote a replica that lags":
        await this.#promote();
        return;
      case "promote twice":
        await this.#promote();
        await this.#promote();
        return;
      case "stop for a while":
        master.process.kill("SIGSTOP");
        await Bun.sleep(500 + this.#chance() * 3000);
        master.process.kill("SIGCONT");
        return;
      case "cut a node off":
        await this.#cut([this.#pick(others)]);
        return;
      case "cut all nodes off":
        await this.#cut(this.#members);
        return;
      case "kill the connections":
        await ask(master, "CLIENT", "KILL", "TYPE", "normal").catch(() => {});
        return;
      case "crash a node": {
        const member = this.#pick(others);
        // It is cut off first, so that it says nothing at its end.
        member.proxy.cut();
        const { delivered } = member.node;
        void member.node.log.close();
        this.#note(delivered);
        member.proxy.mend();
        member.node = new HubNode(member.proxy.url, { bounds: ALL });
        return;
      }
      case "erase all":
        for (const json of this.acknowledged) this.#erased.add(json);
        await ask(master, "FLUSHALL").catch(() => {});
        for (const json of this.acknowledged) this.#erased.add(json);
        return;
    }
  }

  async #cut(members: readonly Member[]): Promise<void> {
    for (const { proxy } of members) proxy.cut();
    await Bun.sleep(this.#chance() * 2000);
    for (const { proxy } of members) proxy.mend();
  }

  /** The replica hears nothing for a while; then it is the master, and the old one is its replica. */
  async #promote(): Promise<void> {
    const [master, replica] = this.#servers;
    await ask(replica, "REPLICAOF", "127.0.0.1", "1");
    await Bun.sleep(this.#chance() * 300);
    await master.kill();
    await ask(replica, "REPLICAOF", "NO", "ONE");
    for (const { proxy } of this.#members) proxy.pointAt(replica.port);
    const again = await master.restart();
    await ask(again, "REPLICAOF", "127.0.0.1", `${replica.port}`);
    this.#servers = [replica, again];
    await until(async () =>
      String(await ask(again, "INFO", "replication")).includes("master_link_status:up"),
    );
  }

  #note(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const place = placeText(entry);
      const before = this.#places.get(place);
      expect([place, before ?? entry.json]).toEqual([place, entry.json]);
      this.#places.set(place, entry.json);
    }
  }

  /** Holds the log, and what each node was told, to the promise. */
  async verify(): Promise<Record<string, number>> {
    for (const { node } of this.#members) this.#note(node.delivered);
    const [first, ...others] = this.#members.map(({ node }) => node);
    if (!first) throw new Error("no nodes");
    const log = await readAll(first);
    const texts = log.map(({ json }) => json);
    const twice = texts.filter((text, i) => texts.indexOf(text) !== i);
    expect(twice).toEqual([]);
    for (const other of others)
      expect((await readAll(other)).map(({ id }) => id)).toEqual(log.map(({ id }) => id));
    const inLog = new Map(log.map((entry) => [entry.position, entry]));
    for (const { delivered } of this.#members.map(({ node }) => node)) {
      for (const { position, id } of delivered)
        if (inLog.has(position)) expect(inLog.get(position)?.id).toBe(id);
      const positions = delivered.map(({ position }) => position);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
    }
    const held = new Set(texts);
    const missing = [...this.acknowledged].filter((json) => !held.has(json) && !this.#erased.has(json));
    // The first node was always there: what it had is not lost.
    expect(missing.filter((json) => first.everDelivered.has(json))).toEqual([]);
    const lost = this.#members.reduce((sum, { node }) => sum + node.store.engine.lost, 0);
    if (missing.length > 0) expect(lost).toBeGreaterThan(0);
    return {
      events: log.length,
      acknowledged: this.acknowledged.size,
      lost: missing.length,
      places: this.#places.size,
    };
  }
}

/** Nothing is trimmed, so that all can be looked for at the end. */
const ALL = { events: 1_000_000, bytes: 1e9 };
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

async function ask(redis: RunningRedis, ...[name, ...args]: [string, ...string[]]): Promise<unknown> {
  const client = new RedisClient(redis.url, { autoReconnect: false, connectionTimeout: 1000 });
  return client.send(name, args).finally(() => client.close());
}

async function readAll({ log }: HubNode): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let after = 0; after < log.head; ) {
    const stretch = await log.read(after, 1000);
    entries.push(...stretch.entries);
    after = stretch.upTo;
  }
  return entries;
}

test.skipIf(redisProgram === undefined)(
  "whatever fails, each acknowledged event is in the log once, in one order for all",
  async () => {
    const chaos = await Chaos.start();
    try {
      await chaos.run();
      console.log(SEED, chaos.log.join(", "), await chaos.verify());
    } catch (error) {
      throw new Error(`TIDINGS_TEST_SEED=${SEED} after ${chaos.log.join(", ")}`, { cause: error });
    }
  },
  60_000 + 20_000 * FAULT_COUNT,
);
