import type { Status } from "../../../src/protocol/status.ts";
import { freePort } from "../../free-port.ts";
import { TcpProxy } from "../../log/redis/tcp-proxy.ts";
import { until } from "../../until.ts";
import type { Kept } from "./generation.ts";
import type { History } from "./history.ts";
import { HubProcess } from "./hub-process.ts";
import type { Promised } from "./plan.ts";
import { MASTER, RedisPair } from "./redis-pair.ts";

export const NODES = [0, 1, 2] as const;

/** A node, and all that stands between it and Redis. */
export interface Member {
  readonly hub: HubProcess;
  /** To each of the two servers. */
  readonly lines: readonly [TcpProxy, TcpProxy];
  /** To the Sentinel, which names the lines instead of the servers. */
  readonly sentinel: TcpProxy;
  /** How the Sentinel's answers name the lines. */
  readonly rewrite: (answer: string) => string;
}

/** Three nodes, two servers of Redis with a Sentinel, and a way to cut each line between two of them. */
export class Cluster {
  readonly pair: RedisPair;
  readonly members: readonly Member[];
  readonly promised: Promised;
  readonly #history: History;
  readonly #workers: number;
  #settledAt = 0;
  /** How many events each node had to count as lost, and has. */
  readonly #counted: { node: number; from: number; to: number; lost: number }[] = [];

  private constructor(
    pair: RedisPair,
    members: readonly Member[],
    promised: Promised,
    history: History,
    workers: number,
  ) {
    this.#workers = workers;
    this.pair = pair;
    this.members = members;
    this.promised = promised;
    this.#history = history;
  }

  static async start(promised: Promised, history: History, workers: number): Promise<Cluster> {
    const pair = await RedisPair.start(promised.appendfsync);
    const members = NODES.map(() => newMember(pair, promised, workers));
    for (const { hub } of members) hub.start();
    await Promise.all(members.map(({ hub }) => hub.ready()));
    return new Cluster(pair, members, promised, history, workers);
  }

  member(index: number): Member {
    const member = this.members[index];
    if (!member) throw new Error(`no node ${index}`);
    return member;
  }

  /** Resolves when all nodes are in step with a master that its replica is in step with. */
  async settled(): Promise<void> {
    await this.pair.inSync();
    const count = NODES.length * this.#workers;
    for (const { hub } of this.members)
      await until(async () => isWell(await hub.status(), count, await this.pair.word()));
    await Promise.all(NODES.map((node) => this.#verifyKept(node)));
    this.#history.settled();
    this.#settledAt = performance.now();
  }

  /** A node that takes a block of another life for its own rolls back, and tells gaps, though nothing is lost. */
  async #verifyKept(node: number): Promise<void> {
    const before = this.#lostOf(node);
    // On a busy machine it may answer too late, and what it lost before would count for what comes next.
    await until(() => this.note(node));
    const lost = this.#lostOf(node) - before;
    if (lost > 0 && this.#history.mustHaveKept(this.#settledAt))
      this.#history.violations.push(`node ${node} counts ${lost} as lost, which all nodes could put back`);
  }

  /** What the process that runs has counted as lost when that was last taken down. */
  #lostOf(node: number): number {
    const { startedAt } = this.member(node).hub;
    return this.#counted.findLast((each) => each.node === node && each.from === startedAt)?.lost ?? 0;
  }

  /** Takes down how much a node has counted as lost, if it answers, before it may end. Workers count each for itself. */
  async note(node: number): Promise<boolean> {
    if (this.#workers > 1) return true;
    const { hub } = this.member(node);
    const from = hub.startedAt;
    const lost = (await hub.status())?.store.engine?.lost;
    if (lost !== undefined) this.#counted.push({ node, from, to: performance.now(), lost });
    return lost !== undefined;
  }

  /** Each node must have counted what it had acknowledged, and no log has. */
  verifyCounts(log: readonly Kept[]): number {
    let sum = 0;
    const last = new Map(this.#counted.map((each) => [`${each.node} ${each.from}`, each]));
    for (const { node, from, to, lost } of last.values()) {
      const missing = this.#history.missingOf(node, from, to, log);
      sum += lost;
      if (missing > lost)
        this.#history.violations.push(`node ${node} counts ${lost} as lost, and had acknowledged ${missing}`);
    }
    return sum;
  }
}

/**
 * Whether a node is in step with the log, and so are all others that it knows of. When Redis was just erased, they
 * may not know yet: the word of the life that it has is another then, or none.
 */
function isWell(status: Status | undefined, count: number, word: string | undefined): boolean {
  const { nodes = [], silent, store } = status ?? {};
  const lives = new Set(nodes.map(({ life }) => life));
  const areActive = nodes.every(({ state }) => state === "active");
  const { state, life } = store?.engine ?? {};
  const isInStep = state === "open" && life?.word === word;
  return isInStep && !silent && nodes.length === count && areActive && lives.size === 1;
}

function newMember(pair: RedisPair, { replicas }: Promised, workers: number): Member {
  const [a, b] = pair.servers;
  const lines = [new TcpProxy(a.redis.port), new TcpProxy(b.redis.port)] as const;
  const sentinel = new TcpProxy(pair.sentinelPort);
  // Ports have five digits, so the answer keeps its form.
  const rewrite = (answer: string): string =>
    answer
      .replaceAll(`${a.front.port}`, `${lines[0].port}`)
      .replaceAll(`${b.front.port}`, `${lines[1].port}`);
  sentinel.rewrite = rewrite;
  const args = ["--store", `redis+sentinel://127.0.0.1:${sentinel.port}/${MASTER}`, "--cors-origin", "*"];
  // Nothing is trimmed, so that all can be looked for at the end.
  args.push("--history-events", "10000000", "--history-bytes", "1GB", "--drain", "1s");
  if (replicas > 0) args.push("--replicas", `${replicas}`);
  if (workers > 1) args.push("--workers", `${workers}`);
  return { hub: new HubProcess(freePort(), args), lines, sentinel, rewrite };
}
