import type { TcpProxy } from "../../log/redis/tcp-proxy.ts";
import { until } from "../../until.ts";
import { binary } from "../binary.ts";
import { type Cluster, type Member, NODES } from "./cluster.ts";
import type { History } from "./history.ts";
import type { Fault } from "./plan.ts";
import { ask, type Index, otherOf } from "./redis-pair.ts";

/** The binary of another version, which nodes are upgraded from and to; without it, they keep theirs. */
const OTHER_BINARY = process.env["TIDINGS_TEST_OTHER_BINARY"];

/** So long the right side of a partition may need to have more events than the wrong one, in milliseconds. */
const SURPASSED_WITHIN_MS = 20_000;

/** What an event of the publishers says, in a block of the log. */
const EVENT_TEXT = /"(e\d+)\\?"/g;
/** So long a replica lags at least before it is promoted: enough for events and an erasure, in milliseconds. */
const LAG_MS = 200;
/** How Redis answers that it has kept an append; and one that comes again, or whose ids it has. */
const KEPT = "\r\nkept\r\n";
const KEPT_BEFORE = ["\r\nagain\r\n", "\r\nheld\r\n"];
/** How many such answers are lost, one after the other: about half of the appends have no ids. */
const LOST_ANSWERS = 8;
/** In how many tries: a node may be waiting for events that are lost, and then it appends nothing. */
const TRIES = 3 * LOST_ANSWERS;
/** So long a node may append nothing, in milliseconds. */
const APPENDS_WITHIN_MS = 1000;
/** So long a node may be sent no event, with a recovery before, in milliseconds. */
const DAMAGED_WITHIN_MS = 15_000;

/** Does what a plan says to a cluster, and tells the history what may be lost by it. */
export class Faults {
  readonly #cluster: Cluster;
  readonly #history: History;
  #upgrades = 0;

  constructor(cluster: Cluster, history: History) {
    this.#cluster = cluster;
    this.#history = history;
  }

  async make(fault: Fault): Promise<void> {
    const { strength, variant, node } = fault;
    const { pair } = this.#cluster;
    switch (fault.kind) {
      case "kill Redis, start it at once":
        return this.#restartRedis();
      case "kill Redis, promote its replica that lags":
        return this.#promote(LAG_MS + 300 * strength);
      case "promote, and again":
        await this.#promote(LAG_MS + 300 * strength);
        return this.#promote(LAG_MS + 300 * strength);
      case "stop Redis":
        return this.#stopRedis(3000 * strength);
      case "cut the replica off":
        pair.servers[await pair.master()].front.cutReplicas();
        await Bun.sleep(2000 * strength);
        this.#mend();
        return;
      case "cut a node off":
        // Beyond the 5 s for which a recovery waits for it, or well within.
        return this.#cutNodes([node], variant ? 1500 * strength : 5000 + 1500 * strength, strength < 0.5);
      case "cut all nodes off":
        return this.#cutNodes(NODES, 1500 * strength, variant);
      case "leave a node on the wrong side":
        return this.#wrongSide(node, 3000 * strength, variant);
      case "fill the disk":
        return this.#fillDisk(1500 * strength);
      case "kill the connections":
        await ask(pair.servers[await pair.master()].redis.port, "CLIENT", "KILL", "TYPE", "normal").catch(
          () => {},
        );
        return;
      case "erase all":
        return this.#eraseAll();
      case "kill a node":
        return this.#killNode(node, 2000 * strength);
      case "stop a node":
        // Longer than its lease of 10 s, or shorter.
        return this.#stopNode(node, variant ? 4000 * strength : 10_000 + 1000 * strength);
      case "damage what Redis sends":
        return this.#damage(node);
      case "lose what Redis answers":
        return this.#loseAnswers(node);
      case "kill a worker":
        return this.#killWorker(node, strength);
      case "drain a node":
        return this.#drainNode(node, 1000 * strength);
      case "upgrade all nodes":
        this.#upgrades++;
        for (const each of NODES) await this.#drainNode(each, 0);
        return;
    }
  }

  async #restartRedis(): Promise<void> {
    const { pair, promised } = this.#cluster;
    const master = await pair.master();
    if (promised.appendfsync !== "always") this.#history.mayHaveLost();
    await this.#orPromoted(master, async () => {
      await pair.servers[master].redis.kill();
      await this.#start(master);
    });
  }

  async #start(server: Index): Promise<void> {
    if (await this.#cluster.pair.restart(server)) this.#history.mayHaveLost();
  }

  /** The replica hears nothing for a while, the master dies, and the Sentinel promotes the replica. */
  async #promote(lag: number): Promise<void> {
    const { pair, promised } = this.#cluster;
    const master = await pair.master();
    // Two replicas that lag can't be told apart by any Sentinel: it needs one that was in step.
    await pair.inSync();
    pair.servers[master].front.cutReplicas();
    await Bun.sleep(lag);
    // With --replicas, what was acknowledged is at the one that is promoted.
    if (promised.replicas === 0) this.#history.mayHaveLost();
    await pair.servers[master].redis.kill();
    await pair.promoted(otherOf(master));
    this.#mend();
    await this.#start(master);
  }

  async #stopRedis(duration: number): Promise<void> {
    const { pair } = this.#cluster;
    const master = await pair.master();
    const { redis } = pair.servers[master];
    await this.#orPromoted(master, async () => {
      redis.process.kill("SIGSTOP");
      await Bun.sleep(duration);
      redis.process.kill("SIGCONT");
    });
  }

  /** Where the other server was promoted meanwhile, this one is on the wrong side until it is a replica. */
  async #orPromoted(master: Index, work: () => Promise<void>): Promise<void> {
    const { pair, promised } = this.#cluster;
    const from = performance.now();
    await work();
    // The Sentinel may be about to.
    await Bun.sleep(300);
    if ((await pair.master()) === master) return;
    if (promised.replicas === 0) this.#history.mayHaveLost();
    await until(() => pair.isReplica(master));
    this.#history.forked();
    if (promised.replicas === 0)
      this.#history.excuse("taken by a master that was none any more", undefined, from);
  }

  async #cutNodes(nodes: readonly number[], duration: number, isSilent: boolean): Promise<void> {
    const members = nodes.map((node) => this.#cluster.member(node));
    const ends = duration > 2000 ? nodes.map((node) => this.#history.silent(node)) : [];
    for (const { lines, sentinel } of members)
      for (const line of [...lines, sentinel]) isSilent ? line.hold() : line.cut();
    await Bun.sleep(duration);
    this.#mend(members);
    for (const end of ends) end();
  }

  /** The old master and one node on one side; the replica, the Sentinel and the others on the other. */
  async #wrongSide(node: number, duration: number, isSilent: boolean): Promise<void> {
    const { pair, members, promised } = this.#cluster;
    const old = await pair.master();
    await pair.inSync();
    const from = performance.now();
    const misled = this.#cluster.member(node);
    mislead(misled, old);
    const cut = [
      pair.servers[old].front,
      ...members.filter((each) => each !== misled).map(({ lines }) => lines[old]),
    ];
    for (const line of cut) isSilent ? line.hold() : line.cut();
    misled.lines[otherOf(old)].cut();
    if (promised.replicas === 0) this.#history.mayHaveLost();
    await pair.promoted(otherOf(old));
    await Bun.sleep(duration);
    // It takes no more, until the places that it has given are those of other events.
    for (const line of misled.lines) line.cut();
    await this.#surpassed(misled);
    this.#mend();
    await until(() => pair.isReplica(old));
    this.#history.forked();
    if (promised.replicas === 0) this.#history.excuse("taken on the wrong side of a partition", node, from);
    // It was not there when the others put back what they had.
    this.#history.silent(node)();
  }

  /** Resolves when the others have more events than this node. */
  async #surpassed(member: Member): Promise<void> {
    const other = this.#cluster.members.find((each) => each !== member);
    const count = async (each = member): Promise<number> => (await each.hub.status())?.store.events ?? 0;
    const own = await count();
    const giveUpAt = performance.now() + SURPASSED_WITHIN_MS;
    await until(async () => performance.now() > giveUpAt || (await count(other)) > own + 5);
  }

  /** The next write is cut in the middle, and none comes after it. */
  async #fillDisk(duration: number): Promise<void> {
    const { pair, promised } = this.#cluster;
    const master = await pair.master();
    const { redis } = pair.servers[master];
    const files = [
      ...new Bun.Glob("appendonlydir/*.incr.aof").scanSync({ cwd: redis.folder, absolute: true }),
    ];
    const size = Math.max(0, ...files.map((file) => Bun.file(file).size));
    if (promised.appendfsync !== "always") this.#history.mayHaveLost();
    await this.#orPromoted(master, async () => {
      limitFiles(redis.process.pid, `${size + 300}`);
      // With appendfsync always it ends itself; else it refuses what would be written.
      await Promise.race([redis.process.exited, Bun.sleep(500 + duration)]);
      limitFiles(redis.process.pid, "unlimited");
      if (redis.process.exitCode === null) return;
      await redis.kill();
      await this.#start(master);
    });
  }

  async #eraseAll(): Promise<void> {
    const from = performance.now();
    const flushed = await this.#cluster.pair.eraseAll();
    if (!flushed) return;
    this.#history.flushed(flushed.log);
    // What the nodes had yet to put back is as good as erased.
    if (flushed.isRecovering) this.#history.excuse("erased while it was put back", undefined, 0, from);
  }

  async #killNode(node: number, duration: number): Promise<void> {
    await this.#cluster.note(node);
    const end = this.#history.silent(node);
    const { hub } = this.#cluster.member(node);
    await hub.kill();
    await Bun.sleep(duration);
    hub.start();
    end();
  }

  /** A letter of an event changes on its way to one node. */
  async #damage(node: number): Promise<void> {
    // In a recovery it would be sent nothing.
    await this.#cluster.settled();
    const master = await this.#cluster.pair.master();
    const line = this.#cluster.member(node).lines[master];
    const damaged = new Promise<void>((resolve) => {
      line.rewrite = (answer) => {
        const texts = [...answer.matchAll(EVENT_TEXT)].map(([, text = ""]) => text);
        if (texts.length === 0) return answer;
        // Whatever is in the block with it, the node leaves out too.
        this.#history.damaged(texts);
        line.rewrite = undefined;
        resolve();
        return answer.replace(/"e(?=\d+\\?")/, '"x');
      };
    });
    await Promise.race([damaged, Bun.sleep(DAMAGED_WITHIN_MS)]);
    line.rewrite = undefined;
  }

  /**
   * Redis keeps what a node appends, and the node loses its connections before it hears of it. It asks again
   * before it is sent what it has appended: by that it would know.
   */
  async #loseAnswers(node: number): Promise<void> {
    const { lines } = this.#cluster.member(node);
    const line = lines[await this.#cluster.pair.master()];
    for (let tries = 0, lost = 0; tries < TRIES && lost < LOST_ANSWERS; tries++) {
      if (await losing(line, (answer) => answer.includes(KEPT), true)) {
        lost++;
        await losing(line, (answer) => [KEPT, ...KEPT_BEFORE].some((each) => answer.includes(each)), false);
      }
      // It appends nothing new before it has followed this.
      await following(line);
    }
  }

  async #killWorker(node: number, which: number): Promise<void> {
    const { workers } = this.#cluster.member(node).hub;
    const pid = workers[Math.floor(which * workers.length)];
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  }

  async #stopNode(node: number, duration: number): Promise<void> {
    const end = this.#history.silent(node);
    const { hub } = this.#cluster.member(node);
    hub.signal("SIGSTOP");
    await Bun.sleep(duration);
    hub.signal("SIGCONT");
    end();
  }

  async #drainNode(node: number, duration: number): Promise<void> {
    await this.#cluster.note(node);
    const end = this.#history.silent(node);
    const { hub } = this.#cluster.member(node);
    await hub.stop();
    await Bun.sleep(duration);
    hub.start(this.#upgrades % 2 === 1 ? (OTHER_BINARY ?? binary) : binary);
    await hub.ready();
    end();
  }

  #mend(members: readonly Member[] = this.#cluster.members): void {
    for (const { front } of this.#cluster.pair.servers) front.mend();
    for (const member of members) {
      for (const line of [...member.lines, member.sentinel]) line.mend();
      member.sentinel.rewrite = member.rewrite;
    }
  }
}

/** Its Sentinel names the old master, as one that is on its side would. */
function mislead(member: Member, old: Index): void {
  const { lines, sentinel } = member;
  const names = member.rewrite;
  sentinel.rewrite = (answer) =>
    names(answer).replaceAll(`${lines[otherOf(old)].port}`, `${lines[old].port}`);
}

/**
 * Loses the events that Redis sends on a line, until it sends such an answer to an append, which is lost too or
 * not. Then the line is cut for a moment. False if no such answer came.
 */
async function losing(
  line: TcpProxy,
  isLast: (answer: string) => boolean,
  losesLast: boolean,
): Promise<boolean> {
  const last = new Promise<true>((resolve) => {
    line.rewrite = (answer) => {
      const isIt = isLast(answer);
      if (isIt) resolve(true);
      return (isIt && losesLast) || answer.search(EVENT_TEXT) >= 0 ? "" : answer;
    };
  });
  const hasCome = await Promise.race([last, Bun.sleep(APPENDS_WITHIN_MS)]);
  line.rewrite = undefined;
  line.cut();
  line.mend();
  return hasCome === true;
}

/** Resolves when Redis has sent events on a line. */
async function following(line: TcpProxy): Promise<void> {
  const sent = new Promise<void>((resolve) => {
    line.rewrite = (answer) => {
      if (answer.search(EVENT_TEXT) >= 0) resolve();
      return answer;
    };
  });
  await Promise.race([sent, Bun.sleep(APPENDS_WITHIN_MS)]);
  line.rewrite = undefined;
}

/** Lets a process write files up to this size. Where that can't be limited, the disk is not full. */
function limitFiles(pid: number, size: string): void {
  Bun.spawnSync([Bun.which("prlimit") ?? "true", `--pid=${pid}`, `--fsize=${size}:unlimited`]);
}
