import {
  type AppendAnswer,
  type Block,
  type BlockContent,
  type Epoch,
  type HelloAnswer,
  type KnownEnds,
  RECOVERY,
  type Rewrite,
} from "../../../src/log/redis/engine.ts";
import type { Unit } from "../../../src/log/redis/held-units.ts";
import { isOn, type LifeChain, numberOf } from "../../../src/log/redis/life-chain.ts";
import { Member, type Pending } from "../../../src/log/redis/member.ts";
import { erasedBy, withoutValues } from "../../../src/log/redis/names.ts";
import {
  digestOf,
  EMPTY,
  type EngineRule,
  type EngineState,
  type Environment,
  isIn,
  keysOf,
  ModelEngine,
  namesOf,
} from "./model-engine.ts";

/** What a node is to do so that nothing is lost or doubled. */
export type NodeRule =
  /** An append is in flight until its node has followed it; in a new life it is sent again. */
  | "in flight until followed"
  /** An answer that was asked for in another life is void. */
  | "void in another life"
  /** A block of an unknown life is not taken before the node has said hello. */
  | "hello before an unknown life"
  /** An id that is there already is answered when its event was followed. */
  | "held when followed"
  /** A cursor of an unknown life is not judged before the node is in step with the engine. */
  | "judge when in step"
  /** A node that learns that what it followed is gone ends the streams that were sent it. */
  | "tell of what is rolled back"
  /** What a node can put back has nothing of what it has followed the erasure of. */
  | "put back without what is erased"
  /** With replicas to wait for, nobody is answered before they have what the node has written. */
  | "wait for the replicas"
  /** They are waited for after a write of this connection: what another one wrote does not count. */
  | "write before the wait";

export type Rule = EngineRule | NodeRule;

export const FAULTS = [
  ...["failover", "restart", "down", "empty", "flush", "partition", "failback", "heal"],
  ...["crash", "join", "cut", "cut all", "clock ahead", "clock back"],
] as const;
/** After these there may be a server that has not heard of an erasure. */
const BRINGS_BACK: ReadonlySet<Fault> = new Set([
  ...(["failover", "restart", "down", "empty", "partition", "failback"] as const),
]);
/** After these there may be another log for a while, which does not know the places of the first. */
const TWO_SIDES: ReadonlySet<Fault> = new Set(["partition", "failback", "empty"] as const);
/** After these the log may begin anew. */
/** Nothing is lost by these that all replicas have. */
const SPARES_REPLICAS: ReadonlySet<Fault> = new Set([
  ...(["failover", "partition", "heal", "crash", "join", "cut", "cut all"] as const),
  ...(["clock ahead", "clock back"] as const),
]);
const LOSES_VALUES: ReadonlySet<Fault> = new Set(["empty", "flush"] as const);
export type Fault = (typeof FAULTS)[number];

export interface Schedule {
  /** Of all that is left to chance besides. */
  readonly seed: number;
  /** What goes wrong, and how long after the fault before it, in steps of 50 ms. */
  readonly faults: readonly { readonly fault: Fault; readonly after: number }[];
  /** Whether events are on topics, which end and are opened again. */
  readonly ends?: boolean;
  /** Whether events are erased. */
  readonly erases?: boolean;
  /** How many replicas, of two, must have what is acknowledged. */
  readonly replicas?: number;
}

/** A call that the simulation made, so that the scripts can be asked the same. */
export interface Call {
  readonly kind: "hello" | "append" | "putBack" | "trim";
  readonly argument: unknown;
  readonly environment: Environment;
  readonly before: EngineState;
  readonly after: EngineState;
  readonly answer: unknown;
}

export interface Options {
  readonly off?: ReadonlySet<Rule>;
  readonly trace?: ((line: string) => void) | undefined;
  readonly calls?: Call[];
  readonly stats?: Map<string, number>;
}

/** What the log has promised and does not keep. */
export class Violation extends Error {
  override readonly name = "Violation";
}

const STEP_MS = 50;
/** How far a clock jumps: such that a recovery's times are over, or that numbers are old. In ms. */
const JUMPS = [10_000, 2 * RECOVERY.seqKept];
/** How many events are held, and how many bytes (one for each event) a node can put back at least. */
const HISTORY = 40;
const WINDOW = 12;
/** How many blocks a new node reads before it goes on. */
const FIRST_BLOCKS = 8;
/** Of how many bytes what is past the bounds stays. */
const SPARE = 5;
/** How many current values there may be, and how many keys there are: some go. */
const VALUES = 4;
const KEYS = 6;
/** How many topics may have ended, and how many there are. */
const ENDS = 2;
const TOPICS = 3;

/** So many steps a node waits for the replicas. */
const WAIT = 20;
/** How many steps later than usual all may have settled. */
const LATEST = 2000;
/** Before the number of an event whose data is erased. */
const ERASED = "-";

interface Server {
  readonly index: number;
  up: boolean;
  replid: string;
  state: EngineState;
  /** All states since it became a master: a replica or a restart may have an older one. */
  history: EngineState[];
  /** The master that it is a replica of; -1 for none. */
  of: number;
  /** How much of that master's history it has. */
  at: number;
  /** What is on its disk. */
  synced: number;
  /** How far its clock is ahead of the time, in ms. */
  ahead: number;
}

interface Publication {
  readonly events: readonly SimulatedEvent[];
  /** The event that its only one erases. */
  readonly erases?: number;
  state: "new" | "asked" | "acknowledged" | "unknown" | "refused";
  /** How it was asked for last. */
  ask: Ask | undefined;
}

/** One try of a publisher: what becomes of an earlier one is of no account once it has asked again. */
interface Ask {
  readonly publication: Publication;
  readonly node: SimulatedNode;
}

interface SimulatedEvent {
  readonly uid: number;
  readonly named: boolean;
}

/** What a node does for its publishers. */
interface Work {
  readonly asks: readonly Ask[];
  /** The position up to which it is to be followed, when it was answered by what is held. */
  readonly heldTo: number;
}

interface Wait {
  readonly asks: readonly Ask[];
  readonly upTo: number;
  readonly since: number;
}

interface SimulatedNode {
  readonly member: Member;
  up: boolean;
  /** The server that it is connected to; -1 for none. */
  server: number;
  saidHello: boolean;
  cutUntil: number;
  heard: HelloAnswer | undefined;
  cursor: { epoch: number; last: number };
  pending: { pending: Pending; work: Work } | undefined;
  /** Held already; to be answered when they are followed. */
  waiting: Work[];
  queue: Ask[];
  answer: (() => void) | undefined;
  /** How much of the server's history its connection has written. */
  wrote: number;
  /** What is to be acknowledged when enough replicas have that much. */
  awaiting: Wait[];
  elsewhereSince: number;
  readonly speed: number;
}

interface Place {
  readonly word: string;
  readonly position: number;
  readonly uid: number;
}

interface Reader {
  node: SimulatedNode | undefined;
  open: boolean;
  at: number;
  cursor: { word: string; position: number } | undefined;
  readonly received: (Place | "gap")[];
}

/**
 * Runs a schedule: servers, replicas, nodes, publishers and readers under faults, in simulated time,
 * all chance from one seed. The nodes are the real {@link Member}s; the engine is the model.
 *
 * @throws Violation
 */
export class Simulation {
  readonly #off: ReadonlySet<Rule>;
  readonly #engine: ModelEngine;
  readonly #schedule: Schedule;
  readonly #options: Options;
  #random: number;
  #step = 0;
  #names = 0;
  #uids = 0;
  #servers: Server[] = [];
  #master = 0;
  #partition: { old: number; nodes: ReadonlySet<SimulatedNode> } | undefined;
  #nodes: SimulatedNode[] = [];
  readonly #publications: Publication[] = [];
  readonly #readers: Reader[] = [];
  /** What happens later: a server comes back, a verdict falls due. */
  #later: { at: number; run: () => void }[] = [];
  /** Appends that are still on their way from a connection that is gone. */
  #ghosts: { server: Server; replid: string; run: () => void }[] = [];
  /** The highest number of a life on any master so far. */
  #top = 0;
  readonly #uidAt = new Map<string, number>();
  readonly #places = new Map<number, Place[]>();
  readonly #holes = new Set<string>();
  /** Places that were past the bounds at some time: their ids are free again. */
  readonly #trimmed = new Set<string>();
  readonly #acknowledged = new Set<number>();
  readonly #followed = new Set<number>();
  /** Excused: erased on purpose, taken on the wrong side, or given up when its time was over. */
  readonly #erased = new Set<number>();
  readonly #erasedPlaces = new Set<string>();
  /** The places of the events that events erase. */
  readonly #erasures = new Map<number, Place>();
  readonly #wrong = new Set<number>();
  readonly #judged = new Set<string>();
  readonly #lost = new Set<number>();
  /** Lives that were opened on the side of a partition that lost its master. */
  readonly #wrongLives = new Set<string>();
  /** The number of each life. */
  readonly #numbers = new Map<string, number>();
  /** Until when a node came in time, by the word of the life that the recovery opened. */
  readonly #inTimeUntil = new Map<string, number>();
  /** The first position of the append that a place is of. */
  readonly #unitFirst = new Map<string, number>();
  /** Before which position ends had been dropped where a place was taken. */
  readonly #endsFloors = new Map<string, number>();
  /** The units that were kept under each number of a node. */
  readonly #units = new Map<string, Place[]>();

  constructor(schedule: Schedule, options: Options = {}) {
    this.#schedule = schedule;
    this.#options = options;
    this.#off = options.off ?? new Set();
    this.#engine = new ModelEngine(this.#off as ReadonlySet<EngineRule>);
    this.#random = Math.imul(schedule.seed, 2654435761) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.#chance();
  }

  run(): void {
    for (let index = 0; index < 3; index++) {
      const at = { of: index === 0 ? -1 : 0, at: 0, synced: 0, ahead: 0 };
      this.#servers.push({
        index,
        up: true,
        replid: index === 0 ? "r0" : "",
        state: EMPTY,
        history: [EMPTY],
        ...at,
      });
    }
    for (let i = 2 + this.#below(3); i > 0; i--) this.#join();
    for (let i = 0; i < 3; i++) {
      this.#readers.push({ node: undefined, open: false, at: 0, cursor: undefined, received: [] });
    }
    let next = 120 + this.#below(60);
    const due = this.#schedule.faults.map(({ fault, after }) => {
      next += after;
      return { fault, at: next };
    });
    const stop = next + 100;
    const end = stop + 800;
    for (this.#step = 1; this.#step < end || (!this.#isSettled && this.#step < end + LATEST); this.#step++) {
      for (const { fault, at } of due) if (at === this.#step) this.#fail(fault);
      for (const { at, run } of this.#later)
        if (at === this.#step || (this.#step === stop && at > stop)) run();
      if (this.#step === stop) {
        this.#heal();
        for (const node of this.#nodes) node.cutUntil = 0;
      }
      if (this.#step < stop && this.#chance() < 0.2 && this.#publications.length < 80) this.#publish();
      if (this.#schedule.erases && this.#step < stop && this.#chance() < 0.1) this.#publishErasure();
      if (this.#step === stop + 550) this.#publish(true);
      this.#replicate();
      this.#runGhosts();
      for (const node of this.#nodes) if (this.#chance() < 0.7) this.#act(node, this.#step > stop);
      for (const publication of this.#publications) this.#askAgain(publication);
      for (const reader of this.#readers) this.#read(reader, this.#step > stop + 300);
    }
    this.#assertEnd();
  }

  /** Whether all that was published has an outcome, and all nodes and readers have come to its end. */
  get #isSettled(): boolean {
    const head = this.#servers[this.#master]?.state.head;
    const isDecided = ({ state, events: [event] }: Publication): boolean =>
      state === "acknowledged" || state === "refused" || (state === "unknown" && !event?.named);
    const isStill = ({ up, pending, awaiting, member }: SimulatedNode): boolean =>
      !up || (pending === undefined && awaiting.length === 0 && member.head === head);
    const isThere = ({ open, node, at }: Reader): boolean => !open || !node?.up || at === head;
    return this.#publications.every(isDecided) && this.#nodes.every(isStill) && this.#readers.every(isThere);
  }

  // Chance and words

  #chance(): number {
    let x = this.#random;
    x = (x ^ (x << 13)) >>> 0;
    x ^= x >>> 17;
    x = (x ^ (x << 5)) >>> 0;
    this.#random = x;
    return x / 4294967296;
  }

  #below(n: number): number {
    return Math.floor(this.#chance() * n);
  }

  #pick<T>(list: readonly T[]): T {
    const picked = list[this.#below(list.length)];
    if (picked === undefined) throw new Error("nothing to pick");
    return picked;
  }

  #on(rule: Rule): boolean {
    return !this.#off.has(rule);
  }

  #say(line: string): void {
    this.#options.trace?.(`${this.#step}: ${line}`);
  }

  #count(what: string): void {
    const { stats } = this.#options;
    stats?.set(what, (stats.get(what) ?? 0) + 1);
  }

  #violate(message: string): never {
    throw new Violation(`step ${this.#step}: ${message}`);
  }

  #newWord(): string {
    return `w${++this.#names}`;
  }

  // Servers

  get #now(): number {
    return 1_000_000_000 + this.#step * STEP_MS;
  }

  /** The time by a server's clock. */
  #clockOf({ ahead }: Server): number {
    return this.#now + ahead;
  }

  #environment(server: Server): Environment {
    return {
      now: this.#clockOf(server),
      replid: server.replid,
      bounds: {
        events: HISTORY,
        bytes: Number.POSITIVE_INFINITY,
        age: Number.POSITIVE_INFINITY,
        spare: SPARE,
        values: VALUES,
        valueBytes: Number.POSITIVE_INFINITY,
        ends: ENDS,
      },
    };
  }

  /** Makes a call, and looks at what it changed. */
  #call<K extends Call["kind"]>(
    server: Server,
    kind: K,
    argument: Parameters<ModelEngine[K]>[2],
    by?: SimulatedNode,
  ): ReturnType<ModelEngine[K]>["answer"] {
    const before = server.state;
    const environment = this.#environment(server);
    const call = this.#engine[kind] as (...args: unknown[]) => ReturnType<ModelEngine[K]>;
    const { state: after, answer } = call.call(this.#engine, before, environment, argument);
    this.#options.calls?.push({ kind, argument, environment, before, after, answer });
    if (after === before) return answer;
    server.state = after;
    server.history.push(after);
    if (by) by.wrote = server.history.length - 1;
    if (!before.recovery && after.recovery) {
      this.#say(`S${server.index} begins to recover at ${after.head}, expects ${after.recovery.expected}`);
      this.#count("recoveries");
    }
    if (kind === "hello" || kind === "putBack") this.#noticeHoles(before, after);
    for (let position = before.first; position < after.first; position++) {
      this.#trimmed.add(`${lifeAt(after.lives, position)}-${position}`);
    }
    const opened = after.lives.at(-1);
    if (!after.recovery && opened && opened.word !== before.lives.at(-1)?.word) {
      this.#opened(server, before, after);
    }
    return answer;
  }

  #isGone({ word, position }: Place): boolean {
    const place = `${word}-${position}`;
    return this.#holes.has(place) || this.#trimmed.has(place);
  }

  #noticeHoles(before: EngineState, after: EngineState): void {
    if (before.head === after.head) return;
    for (let { first: position } = after; position <= after.head; position++) {
      const covered = after.blocks.some(({ last, count }) => position <= last && position > last - count);
      if (covered) continue;
      this.#holes.add(`${lifeAt(after.lives, position)}-${position}`);
      this.#count("positions in holes");
    }
  }

  /** A recovery has ended: nobody who came in time may hold what is missing. */
  #opened(server: Server, before: EngineState, { lives, head }: EngineState): void {
    this.#top = Math.max(this.#top, numberOf(lives));
    this.#numbers.set(lives.at(-1)?.word ?? "", numberOf(lives));
    this.#say(`S${server.index} opens life ${numberOf(lives)} ${lives.at(-1)?.word} after ${head}`);
    const began = before.recovery?.began ?? -1;
    const hearing = before.recovery?.empty && lives.length > 1 ? RECOVERY.maxHearing : RECOVERY.minHearing;
    const jump = this.#clockOf(server) - before.time;
    const beganAt = began + (Math.abs(jump) > RECOVERY.step ? jump : 0) - server.ahead;
    const until = began < 0 ? this.#now : beganAt + hearing;
    this.#inTimeUntil.set(lives.at(-1)?.word ?? "", until);
    if (server.index !== this.#master) this.#wrongLives.add(lives.at(-1)?.word ?? "");
    const isOfWrongSide = lives.some(({ word }) => this.#wrongLives.has(word));
    for (const node of this.#nodes) {
      const saidAt = before.hellos.get(node.member.name)?.at ?? Number.NEGATIVE_INFINITY;
      if (!node.up || node.server !== server.index || saidAt < this.#clockOf(server) - RECOVERY.silence)
        continue;
      for (const unit of node.member.window)
        this.#assertKept(
          unit,
          node.member.lives,
          lives,
          `said hello in time (${node.member.name}, low ${node.member.low}, head ${node.member.head})`,
        );
    }
    if (server.index !== this.#master) return;
    // A life of the same log that opens afterwards has later places: only those known now are judged.
    const known = [...this.#places.values()]
      .flat()
      .filter((place) => !isOn(lives, place.word, place.position));
    const at = Math.ceil((until - 1_000_000_000) / STEP_MS) + 1;
    const judge = (): void => {
      for (const { word, position } of known) this.#judged.add(`${word}-${position}`);
    };
    if (isOfWrongSide || began < 0 || at <= this.#step) judge();
    else this.#later.push({ at, run: judge });
  }

  #assertKept(unit: Unit, mine: LifeChain, lives: LifeChain, why: string): void {
    for (const { uid, word, position } of placesOf(unit)) {
      if (!this.#acknowledged.has(uid) || this.#erased.has(uid) || this.#wrong.has(uid)) continue;
      if (this.#judged.has(`${word}-${position}`) || !isOn(mine, word, position)) continue;
      if (isOn(lives, word, position)) continue;
      if ((this.#places.get(uid) ?? []).some((place) => isOn(lives, place.word, place.position))) continue;
      // Both sides of a partition opened a life: what the side that loses has is lost, though it came in time.
      if (lives.some(({ word }) => this.#wrongLives.has(word))) continue;
      const number = mine.find((life) => life.word === word)?.number;
      if (lives.some((life) => life.word !== word && life.number === number)) continue;
      this.#violate(`lost ${word}-${position}, e${uid}, acknowledged: a node that holds it ${why}`);
    }
  }

  #replicate(): void {
    for (const replica of this.#servers) {
      const master = this.#servers[replica.of];
      if (!replica.up || !master?.up || replica.at >= master.history.length - 1 || this.#chance() < 0.5)
        continue;
      replica.at += 1 + this.#below(master.history.length - 1 - replica.at);
      replica.state = master.history[replica.at] ?? replica.state;
    }
    const master = this.#servers[this.#master];
    if (master && this.#chance() < 0.3) master.synced = master.history.length - 1;
  }

  #becomeMaster(server: Server, state: EngineState): void {
    server.of = -1;
    server.state = state;
    server.history = [state];
    server.synced = 0;
    server.replid = `r${++this.#names}`;
  }

  #promote(): boolean {
    const candidates = this.#servers.filter(({ up, index, of }) => up && index !== this.#master && of >= 0);
    if (candidates.length === 0) return false;
    const server = this.#pick(candidates);
    const old = this.#master;
    this.#becomeMaster(server, server.state);
    this.#master = server.index;
    for (const other of this.#servers) {
      if (other !== server && other.of === old && this.#chance() < 0.7) this.#copy(server, other);
    }
    this.#say(`S${server.index} is promoted at ${server.state.head}`);
    return true;
  }

  #copy(from: Server, to: Server): void {
    to.of = from.index;
    to.at = from.history.length - 1;
    to.state = from.state;
    to.history = [from.state];
  }

  /** What a master that is restarted may have lost: all since it last wrote to its disk. */
  #durable({ history, synced }: Server): EngineState {
    const least = Math.max(synced, history.length - 30);
    return history[least + this.#below(history.length - least)] ?? EMPTY;
  }

  #restart(server: Server, state: EngineState): void {
    for (const node of this.#nodes) if (node.server === server.index) this.#disconnect(node);
    this.#becomeMaster(server, state);
    for (const other of this.#servers) if (other.of === server.index) this.#copy(server, other);
    this.#stagger();
  }

  #heal(): void {
    const master = this.#servers[this.#master];
    if (!master) return;
    this.#partition = undefined;
    for (const other of this.#servers) {
      if (other === master || (other.up && other.of === master.index)) continue;
      other.up = true;
      this.#copy(master, other);
    }
  }

  // Faults

  /** Nodes come back one after the other. */
  #stagger(): void {
    if (this.#chance() < 0.5) return;
    for (const node of this.#nodes) {
      if (this.#chance() < 0.7) node.cutUntil = Math.max(node.cutUntil, this.#step + this.#below(150));
    }
  }

  #fail(fault: Fault): void {
    const master = this.#servers[this.#master];
    if (!master) return;
    this.#say(`FAULT ${fault}`);
    this.#count(fault);
    switch (fault) {
      case "failover":
        master.up = false;
        if (!this.#promote()) master.up = true;
        this.#stagger();
        return;
      case "restart":
        this.#restart(master, this.#durable(master));
        return;
      case "down": {
        const state = this.#durable(master);
        master.up = false;
        const run = (): void => {
          if (this.#master !== master.index || master.up) return;
          master.up = true;
          this.#restart(master, state);
        };
        this.#later.push({ at: this.#step + 100 + this.#below(300), run });
        return;
      }
      case "empty":
        this.#restart(master, EMPTY);
        return;
      case "flush":
        for (const [uid, places] of this.#places) {
          if (places.some(({ word, position }) => isOn(master.state.lives, word, position)))
            this.#erased.add(uid);
        }
        for (const { word, position } of placesOf(master.state.blocks))
          this.#erasedPlaces.add(`${word}-${position}`);
        master.state = EMPTY;
        master.history.push(EMPTY);
        return;
      case "partition": {
        const old = this.#master;
        if (this.#partition || !this.#promote()) return;
        this.#partition = { old, nodes: new Set(this.#nodes.filter(() => this.#chance() < 0.4)) };
        return;
      }
      case "failback": {
        const server = this.#pick(this.#servers.filter(({ index }) => index !== this.#master));
        const keeps = this.#partition?.old === server.index && this.#chance() < 0.5;
        master.up = false;
        server.up = true;
        this.#partition = undefined;
        if (keeps) server.of = -1;
        else this.#becomeMaster(server, server.state);
        this.#master = server.index;
        for (const other of this.#servers) if (other.up && other !== server) this.#copy(server, other);
        this.#say(`failback to S${server.index} at ${server.state.head}${keeps ? ", its id kept" : ""}`);
        return;
      }
      case "heal":
        this.#heal();
        return;
      case "crash": {
        const candidates = this.#nodes.filter(({ up }) => up);
        if (candidates.length < 2) return;
        const node = this.#pick(candidates);
        node.up = false;
        this.#disconnect(node);
        for (const publication of this.#publications) {
          if (publication.ask?.node === node && publication.state === "asked") publication.state = "unknown";
        }
        this.#say(`${node.member.name} crashes`);
        if (this.#chance() < 0.7) this.#join();
        return;
      }
      case "join":
        this.#join();
        return;
      case "clock ahead":
        this.#pick(this.#servers).ahead += this.#pick(JUMPS);
        return;
      case "clock back":
        this.#pick(this.#servers).ahead -= this.#pick(JUMPS);
        return;
      case "cut":
        this.#pick(this.#nodes).cutUntil = this.#step + 10 + this.#below(300);
        return;
      case "cut all":
        for (const node of this.#nodes) node.cutUntil = this.#step + 3 + this.#below(50);
        return;
    }
  }

  // Nodes

  #join(): void {
    this.#nodes.push({
      member: new Member(`n${++this.#names}`, WINDOW, {
        isWhole: () => true,
        withoutEvent: (block, position) =>
          this.#on("put back without what is erased") ? withoutEvent(block, position) : block,
      }),
      ...{ up: true, server: -1, saidHello: false, cutUntil: 0, heard: undefined },
      cursor: { epoch: 0, last: 0 },
      ...{ pending: undefined, waiting: [], queue: [], answer: undefined, elsewhereSince: -1 },
      ...{ wrote: 0, awaiting: [] },
      speed: this.#pick([0.03, 0.1, 0.4]),
    });
  }

  #disconnect(node: SimulatedNode): void {
    const server = this.#servers[node.server];
    const { pending } = node.pending ?? {};
    if (server && pending?.sent && !node.answer && this.#chance() < 0.5) {
      const append = { ...pending.append, word: node.member.word };
      this.#ghosts.push({
        ...{ server, replid: server.replid },
        run: () => this.#appendTo(server, append),
      });
    }
    node.server = -1;
    node.saidHello = false;
    node.answer = undefined;
    // A connection that is lost amid the wait leaves the outcome unknown.
    for (const { asks } of node.awaiting.splice(0)) giveUp(asks);
    if (pending) pending.sent = false;
  }

  #runGhosts(): void {
    const ghosts = this.#ghosts;
    this.#ghosts = [];
    for (const ghost of ghosts) {
      if (this.#chance() < 0.9) this.#ghosts.push(ghost);
      else if (ghost.server.up && ghost.server.replid === ghost.replid && ghost.server.of < 0) ghost.run();
    }
  }

  #routeOf(node: SimulatedNode): number {
    const index = this.#partition?.nodes.has(node) ? this.#partition.old : this.#master;
    return this.#servers[index]?.up ? index : -1;
  }

  #act(node: SimulatedNode, calm: boolean): void {
    if (!node.up) return;
    if (node.cutUntil > this.#step) {
      if (node.server >= 0) this.#disconnect(node);
      return;
    }
    const route = this.#routeOf(node);
    const server = this.#servers[node.server];
    if (node.server >= 0 && (node.server !== route || !server?.up)) {
      this.#disconnect(node);
      return;
    }
    if (!server) {
      if (route >= 0 && this.#chance() < 0.5) node.server = route;
      return;
    }
    if (!node.saidHello) {
      this.#hello(node, server);
      return;
    }
    this.#awaitReplicas(node, server);
    const { answer } = node;
    if (answer && this.#chance() < 0.5) {
      node.answer = undefined;
      answer();
      return;
    }
    if (node.member.recovering) {
      const unit = node.heard && node.member.unitToPutBack(node.heard);
      if (!unit) this.#hello(node, server);
      else this.#putBack(node, server, unit);
      return;
    }
    const chance = this.#chance();
    const speed = calm ? 0.4 : node.speed;
    if (chance < speed) this.#follow(node, server);
    else if (chance < speed + 0.03) this.#hello(node, server);
    else if (chance < speed + 0.04) this.#call(server, "trim", undefined, node);
    else this.#append(node, server);
  }

  #hello(node: SimulatedNode, server: Server): void {
    const insists = node.elsewhereSince >= 0 && this.#step - node.elsewhereSince >= 30;
    const answer = this.#call(server, "hello", node.member.hello(this.#newWord(), insists), node);
    if (answer.state === "elsewhere") {
      if (node.elsewhereSince < 0) node.elsewhereSince = this.#step;
      node.server = -1;
      return;
    }
    node.elsewhereSince = -1;
    node.saidHello = true;
    this.#hear(node, answer);
  }

  #hear(node: SimulatedNode, answer: HelloAnswer): void {
    const { member } = node;
    const before = member.word;
    const chain = member.lives;
    const window = member.window;
    node.heard = answer;
    if (before === "" && answer.state === "open") {
      // A new node begins where it can put back what a failover may lose.
      const oldest = this.#servers[node.server]?.state.blocks.slice(-FIRST_BLOCKS)[0];
      member.startAt(oldest ? Math.min(oldest.last - oldest.count, answer.head) : answer.head);
    }
    const { rolledBackTo } = member.heard(answer);
    if (answer.state !== "open" || member.word === before) return;
    this.#say(`${member.name} is in ${member.word} at ${member.head}`);
    node.cursor = { epoch: epochOf(answer.epochs, member.head), last: member.head };
    // What was held in the old life may be gone: whoever was to be told of it asks again.
    const works = [...node.waiting, ...(node.pending ? [node.pending.work] : [])];
    for (const { heldTo, asks } of works) {
      if (heldTo <= member.head) continue;
      for (const { publication } of asks.filter(isOpen)) publication.state = "unknown";
    }
    node.waiting = node.waiting.filter(({ heldTo }) => heldTo <= member.head);
    if (rolledBackTo === undefined) return;
    this.#count("rollbacks");
    const until = this.#inTimeUntil.get(member.word) ?? 0;
    for (const unit of window) {
      if (unit[0].unitLast <= rolledBackTo) continue;
      for (const { uid } of placesOf(unit)) this.#lost.add(uid);
      if (this.#now < until) this.#assertKept(unit, chain, member.lives, "came in time");
    }
    if (!this.#on("tell of what is rolled back")) return;
    for (const reader of this.#readers) {
      if (reader.node === node && reader.at > rolledBackTo) reader.open = false;
    }
  }

  #putBack(node: SimulatedNode, server: Server, unit: Unit): void {
    this.#say(`${node.member.name} puts back ${unit[0].word}-${unit[0].unitFirst}`);
    this.#count("units put back");
    const blocks = unit.map((block) => block);
    const erased = erasedBy(unit[0].current);
    const answer = this.#call(server, "putBack", {
      node: node.member.name,
      newWord: this.#newWord(),
      blocks,
      rewrite: erased && rewriteOf(server.state, erased),
    });
    if (erased) this.#assertErased(`S${server.index}`, server.state.blocks);
    // How the recovery ended is heard by a hello.
    if (answer.state === "open") this.#hello(node, server);
    else node.heard = answer;
  }

  #follow(node: SimulatedNode, server: Server): void {
    const { member, cursor } = node;
    const blocks = server.state.blocks.filter(
      ({ epoch, last }) => epoch > cursor.epoch || (epoch === cursor.epoch && last > cursor.last),
    );
    for (const block of blocks.slice(0, 1 + this.#below(3))) {
      const known = this.#on("hello before an unknown life");
      const seen = known || member.isOn(block) ? block : { ...block, word: member.word };
      const told = member.follow(seen);
      if (told === "hello") {
        this.#hello(node, server);
        return;
      }
      node.cursor = { epoch: block.epoch, last: block.last };
      for (const unit of told) this.#took(node, unit);
    }
  }

  #took(node: SimulatedNode, unit: Unit): void {
    for (const { uid } of placesOf(unit)) this.#followed.add(uid);
    if (erasedBy(unit[0].current)) this.#assertErased(node.member.name, node.member.window.flat());
    this.#finishFollowed(node);
    node.waiting = node.waiting.filter((work) => {
      if (work.heldTo > node.member.head) return true;
      this.#acknowledge(work.asks);
      return false;
    });
  }

  #finishFollowed(node: SimulatedNode): void {
    if (!node.pending || !node.member.isFollowed) return;
    const { pending, work } = node.pending;
    // It was outrun by the bounds, and went past its own events.
    if ((pending.kept ?? 0) <= node.member.low) {
      for (const { uid } of contentsOf(pending.append.blocks)) this.#followed.add(uid);
    }
    node.pending = undefined;
    node.member.finish();
    this.#finish(node, work);
  }

  #finish(node: SimulatedNode, work: Work): void {
    if (node.member.head >= work.heldTo || !this.#on("held when followed")) {
      this.#acknowledge(work.asks);
    } else {
      node.waiting.push(work);
    }
  }

  #acknowledge(asks: readonly Ask[]): void {
    const [first] = asks;
    if (!first) return;
    const { node } = first;
    if (!this.#schedule.replicas || !this.#on("wait for the replicas")) {
      this.#tell(asks);
      return;
    }
    const server = this.#servers[node.server];
    if (server && this.#on("write before the wait")) this.#call(server, "trim", undefined, node);
    node.awaiting.push({ asks, upTo: node.wrote, since: this.#step });
  }

  #replicasOf(server: Server): Server[] {
    return this.#servers.filter(({ up, of }) => up && of === server.index);
  }

  #awaitReplicas(node: SimulatedNode, server: Server): void {
    node.awaiting = node.awaiting.filter(({ asks, upTo, since }) => {
      const count = this.#replicasOf(server).filter(({ at }) => at >= upTo).length;
      if (count >= (this.#schedule.replicas ?? 0)) this.#tell(asks);
      else if (this.#step < since + WAIT) return true;
      else giveUp(asks);
      return false;
    });
  }

  /** What its server has, its replicas have. */
  #assertReplicated({ server: index }: SimulatedNode, uid: number): void {
    const server = this.#servers[index];
    if (!server || this.#erased.has(uid)) return;
    const has = ({ state }: Server): boolean =>
      (this.#places.get(uid) ?? []).some(
        ({ word, position }) => isOn(state.lives, word, position) && position <= state.head,
      );
    const count = this.#replicasOf(server).filter(has).length;
    if (has(server) && count < (this.#schedule.replicas ?? 0))
      this.#violate(`e${uid} was acknowledged, and ${count} replicas have it`);
  }

  #tell(asks: readonly Ask[]): void {
    for (const { publication, node } of asks.filter(isOpen)) {
      publication.state = "acknowledged";
      for (const { uid } of publication.events) {
        this.#acknowledged.add(uid);
        this.#assertReplicated(node, uid);
      }
      this.#say(`${node.member.name} acknowledges ${publication.events.map(({ uid }) => `e${uid}`)}`);
    }
  }

  #append(node: SimulatedNode, server: Server): void {
    const { member } = node;
    this.#finishFollowed(node);
    if (!node.pending && node.queue.length > 0) {
      node.queue = node.queue.filter(isOpen);
      const index = node.queue.findIndex(({ publication }) => publication.erases !== undefined);
      if (index >= 0) {
        for (const ask of node.queue.splice(index, 1)) this.#beginErasure(node, server, ask);
        return;
      }
      const asks = node.queue.splice(0, 1 + this.#below(2));
      const events = asks.flatMap(({ publication }) => publication.events);
      if (events.length === 0) return;
      const pending = member.begin(this.#blocksOf(events), this.#knownEnds(""));
      node.pending = { pending, work: { asks, heldTo: 0 } };
    }
    const current = node.pending;
    if (!current || node.answer) return;
    const { pending } = current;
    if (pending.sent) {
      // No answer came, or it came and was void: the connection is given up.
      if (this.#chance() < 0.3) this.#disconnect(node);
      return;
    }
    pending.sent = true;
    const word = member.word;
    // It is still in the socket, and may never get there.
    if (this.#chance() < 0.2) return;
    const answer = this.#appendTo(server, { ...pending.append, word }, node);
    node.answer = () =>
      this.#answered(node, pending, this.#on("void in another life") ? word : member.word, answer);
  }

  /** Reads the block of the event, and begins to append what erases it. */
  #beginErasure(node: SimulatedNode, { state }: Server, ask: Ask): void {
    const { member } = node;
    const { events, erases } = ask.publication;
    const place = placesOf(state.blocks).find(({ uid }) => uid === erases);
    const [{ uid } = { uid: 0 }] = events;
    if (
      state.recovery ||
      !place ||
      place.position > member.head ||
      !member.isOn({ ...place, last: place.position })
    ) {
      ask.publication.state = "refused";
      return;
    }
    this.#erasures.set(uid, place);
    const current = this.#setBy(uid);
    const content = { count: 1, size: 1, names: "", current, text: `${uid}` };
    const pending = member.begin([content], undefined, rewriteOf(state, place));
    node.pending = { pending, work: { asks: [ask], heldTo: 0 } };
  }

  #answered(node: SimulatedNode, pending: Pending, word: string, answer: AppendAnswer): void {
    const current = node.pending;
    if (!current || !node.member.answered(pending, word, answer)) {
      if (answer.result === "hello") node.saidHello = false;
      return;
    }
    if (answer.result === "stale") this.#violate(`${node.member.name} was told that its number is stale`);
    const isNothing = answer.result === "again" && answer.last === 0;
    if ((answer.result === "kept" || answer.result === "again") && !isNothing) {
      if (this.#on("in flight until followed") && !node.member.isFollowed) return;
      node.pending = undefined;
      node.member.finish();
      this.#finish(node, { ...current.work, heldTo: Math.max(current.work.heldTo, answer.last) });
      return;
    }
    if (answer.result === "ended") {
      this.#answerEnded(node, current.work, pending);
      return;
    }
    if (pending.append.rewrite) {
      // The block has changed: it is read again.
      this.#count("read again to erase");
      node.queue.push(...current.work.asks.filter(isOpen));
      node.pending = undefined;
      node.member.finish();
      return;
    }
    // What is held is answered as it was; the rest is a new append. Asked again, the engine only knows
    // that nothing was kept under this number.
    const held = answer.result === "held" ? answer.held : new Map<string, number>();
    const heldTo = Math.max(current.work.heldTo, ...held.values());
    const events = contentsOf(pending.append.blocks).filter(({ uid }) => !held.has(`e${uid}`));
    const work = { asks: current.work.asks, heldTo };
    node.pending = undefined;
    node.member.finish();
    if (events.length === 0) this.#finish(node, work);
    else {
      const blocks = this.#blocksOf(events);
      node.pending = { pending: node.member.begin(blocks, this.#knownEnds(topicsOf(events))), work };
    }
  }

  /** A simulated node knows of no end: the engine refuses, at first for any topic. */
  #knownEnds(topics: string): KnownEnds | undefined {
    return this.#schedule.ends ? { upTo: 0, topics } : undefined;
  }

  #answerEnded(node: SimulatedNode, work: Work, { append }: Pending): void {
    const topics = topicsOf(contentsOf(append.blocks));
    node.pending = undefined;
    node.member.finish();
    if (topics !== "" && append.ends?.topics === "") {
      node.pending = { pending: node.member.begin(append.blocks, this.#knownEnds(topics)), work };
      return;
    }
    if (topics === "") {
      node.pending = { pending: node.member.begin(append.blocks), work };
      return;
    }
    this.#count("refused");
    for (const { publication } of work.asks.filter(isOpen)) publication.state = "refused";
  }

  #appendTo(server: Server, append: Parameters<ModelEngine["append"]>[2], by?: SimulatedNode): AppendAnswer {
    const before = server.state;
    const answer = this.#call(server, "append", append, by);
    if (answer.result !== "kept") return answer;
    if (append.rewrite) this.#assertErased(`S${server.index}`, server.state.blocks);
    const fresh = server.state.blocks.filter(({ last }) => last > before.head);
    const key = `${append.node}/${append.seq}`;
    this.#units.set(key, [...(this.#units.get(key) ?? []), ...placesOf(fresh).slice(0, 1)]);
    for (const block of fresh) {
      for (const { word, position } of placesOf([block])) {
        this.#unitFirst.set(`${word}-${position}`, block.unitFirst);
        this.#endsFloors.set(`${word}-${position}`, before.endsFloor);
      }
    }
    const isWrong = server.index !== this.#master || numberOf(server.state.lives) < this.#top;
    for (const place of placesOf(fresh)) {
      const key = `${place.word}-${place.position}`;
      const uid = this.#uidAt.get(key);
      if (uid !== undefined && uid !== place.uid)
        this.#violate(`place ${key} was e${uid}, and is now e${place.uid}`);
      this.#uidAt.set(key, place.uid);
      this.#places.set(place.uid, [...(this.#places.get(place.uid) ?? []), place]);
      if (isWrong) this.#wrong.add(place.uid);
      else this.#wrong.delete(place.uid);
    }
    this.#say(
      `S${server.index} keeps ${placesOf(fresh).map((p) => `e${p.uid} at ${p.word}-${p.position}`)} for ${append.node}`,
    );
    return answer;
  }

  /** One to three blocks. */
  #blocksOf(events: readonly SimulatedEvent[]): BlockContent[] {
    const blocks: BlockContent[] = [];
    for (let rest = events; rest.length > 0; ) {
      const part = rest.slice(0, 1 + this.#below(3));
      rest = rest.slice(part.length);
      const setBy = ({ uid }: SimulatedEvent): string => this.#setBy(uid);
      blocks.push(...runsOf(part, setBy).map((run) => blockOf(run, setBy)));
    }
    return blocks;
  }

  // Publishers and readers

  #publish(named = this.#chance() < 0.6): void {
    const count = this.#chance() < 0.5 ? 1 : 1 + this.#below(4);
    const events = Array.from({ length: count }, () => ({ uid: ++this.#uids, named }));
    this.#publications.push({ events, state: "new", ask: undefined });
  }

  #publishErasure(): void {
    const acknowledged = [...this.#acknowledged].filter((uid) => !this.#erasures.has(uid));
    if (acknowledged.length === 0) return;
    const events = [{ uid: ++this.#uids, named: false }];
    const erases = this.#pick(acknowledged.slice(-20));
    this.#publications.push({ events, erases, state: "new", ask: undefined });
  }

  #askAgain(publication: Publication): void {
    const nodes = this.#nodes.filter(({ up }) => up);
    if (nodes.length === 0 || publication.state === "acknowledged") return;
    const node = publication.ask?.node;
    if (publication.state === "asked") {
      if (!node?.up || node.cutUntil > this.#step || (node.server < 0 && this.#chance() < 0.03)) {
        publication.state = "unknown";
      }
      return;
    }
    const again = publication.state === "unknown" && publication.events[0]?.named && this.#chance() < 0.2;
    if (publication.state !== "new" && !again) return;
    const ask = { publication, node: this.#pick(nodes) };
    publication.ask = ask;
    publication.state = "asked";
    ask.node.queue.push(ask);
  }

  #read(reader: Reader, calm: boolean): void {
    if (!calm && this.#chance() < 0.4) return;
    if (reader.node && !reader.node.up) {
      reader.open = false;
      reader.node = undefined;
    }
    if (!reader.open) {
      this.#connect(reader);
      return;
    }
    if (!calm && this.#chance() < 0.02) {
      reader.open = false;
      reader.node = undefined;
      return;
    }
    const { node } = reader;
    if (!node) return;
    const { member } = node;
    const server = node.server >= 0 && node.saidHello ? this.#servers[node.server] : undefined;
    let blocks: readonly Block[];
    if (reader.at >= member.low) {
      blocks = member.window.flat();
    } else {
      // In a recovery a stretch may be missing that comes back.
      if (!server?.up || server.state.recovery || server.state.replid !== server.replid) return;
      if (server.state.lives.at(-1)?.word !== member.word) return;
      blocks = server.state.blocks.filter((block) => member.isOn(block));
    }
    const next = placesOf(blocks).find(({ position }) => position > reader.at);
    if (!next || next.position > member.head) {
      // All between is gone, and the head has gone on.
      if (reader.at < member.head) this.#gap(reader, member.head);
      return;
    }
    if (next.position > reader.at + 1) this.#gap(reader, next.position - 1);
    reader.at = next.position;
    reader.cursor = { word: next.word, position: next.position };
    reader.received.push(next);
    this.#count("delivered");
  }

  #gap(reader: Reader, to: number): void {
    reader.received.push("gap");
    reader.at = to;
    const word = reader.node?.member.lives.findLast(({ first }) => first <= to)?.word;
    if (word !== undefined) reader.cursor = { word, position: to };
  }

  #connect(reader: Reader): void {
    const nodes = this.#nodes.filter(({ up }) => up);
    if (nodes.length === 0) return;
    if (!reader.node || this.#chance() < 0.3) reader.node = this.#pick(nodes);
    const { node } = reader;
    const { member } = node;
    if (member.lives.length === 0) return;
    const { cursor } = reader;
    if (!cursor) {
      reader.at = member.head;
      reader.cursor = { word: member.word, position: member.head };
      reader.open = true;
      return;
    }
    const server = node.server >= 0 && node.saidHello ? this.#servers[node.server] : undefined;
    const inStep = server?.up && !server.state.recovery && server.state.lives.at(-1)?.word === member.word;
    const index = member.lives.findIndex(({ word }) => word === cursor.word);
    if (index < 0) {
      if (!inStep && this.#on("judge when in step")) return;
      this.#gap(reader, (inStep && server ? server.state.first : member.low + 1) - 1);
      reader.open = true;
      return;
    }
    const next = member.lives[index + 1];
    const end = next ? next.first - 1 : Number.POSITIVE_INFINITY;
    if (cursor.position <= end && cursor.position > member.head) return;
    if (cursor.position > end) this.#gap(reader, end);
    else reader.at = cursor.position;
    reader.open = true;
  }

  // The end

  #assertEnd(): void {
    const final = this.#servers[this.#master]?.state;
    if (!final) return;
    if (final.recovery) this.#violate("the recovery has never ended");
    const newest = this.#publications.at(-1);
    if (newest?.state !== "acknowledged" && newest?.state !== "refused") {
      const asked = newest?.ask?.node;
      const why =
        asked &&
        JSON.stringify({
          pending: asked.pending?.pending,
          queue: asked.queue.length,
          name: asked.member.name,
          up: asked.up,
        });
      this.#violate(`what was published long after the faults is ${newest?.state} ${why}`);
    }
    for (const { up, member } of this.#nodes) {
      const same = member.head === final.head && member.word === final.lives.at(-1)?.word;
      if (up && !same)
        this.#violate(
          `${member.name} stands at ${member.word}-${member.head}, the log at ${final.lives.at(-1)?.word}-${final.head}`,
        );
    }
    const inLog = (place: { word: string; position: number }): boolean =>
      isOn(final.lives, place.word, place.position);
    const all = this.#servers.length - 1;
    const spares =
      this.#schedule.replicas === all &&
      this.#schedule.faults.every(({ fault }) => SPARES_REPLICAS.has(fault));
    for (const [uid, places] of this.#places) {
      const there = places.filter(inLog).sort((a, b) => a.position - b.position);
      const again = there.slice(0, -1).find((place) => !this.#isGone(place));
      if (again) this.#violate(`e${uid} is in the log twice: ${there.map((p) => `${p.word}-${p.position}`)}`);
      if (this.#acknowledged.has(uid) && there.length === 0 && !this.#erased.has(uid)) {
        this.#count(this.#wrong.has(uid) ? "lost on the wrong side" : "lost");
        const isExcused =
          this.#wrong.has(uid) ||
          places.some((p) => this.#judged.has(`${p.word}-${p.position}`) || this.#hasYielded(p, final.lives));
        if (!isExcused || spares) this.#violate(`e${uid} was acknowledged, and is lost without need`);
        if (!this.#followed.has(uid)) this.#violate(`e${uid} was acknowledged, and no node ever had it`);
      }
    }
    for (const { uid } of [...this.#acknowledged].map((uid) => ({ uid }))) {
      if (!this.#places.has(uid)) this.#violate(`e${uid} was acknowledged, and was never kept`);
    }
    for (const [key, places] of this.#units) {
      if (places.filter(inLog).length > 1) this.#violate(`append ${key} is in the log twice`);
    }
    this.#assertStored(final);
    this.#assertValues(final);
    this.#assertErased("the log", final.blocks);
    for (const { up, member } of this.#nodes) if (up) this.#assertErased(member.name, member.window.flat());
    if (!this.#schedule.faults.some(({ fault }) => BRINGS_BACK.has(fault))) {
      for (const { uid, word, position } of placesOf(final.blocks)) {
        if (this.#erasedPlaces.has(`${word}-${position}`))
          this.#violate(`e${uid} was erased, and is there again`);
      }
    }
    for (const reader of this.#readers) this.#assertReader(reader, final, inLog);
  }

  /**
   * Whether the life of a place has lost to one of the other side of a partition, whose number is no lower, when
   * that side's engine became the master again.
   */
  #hasYielded({ word }: Place, lives: LifeChain): boolean {
    if (lives.some((life) => life.word === word)) return false;
    const number = this.#numbers.get(word) ?? Number.POSITIVE_INFINITY;
    return lives.some((life) => this.#wrongLives.has(life.word) && life.number >= number);
  }

  /** What the engine counts is what it holds. */
  #assertStored({ blocks, count, bytes, spare, first, head, names }: EngineState): void {
    const held = placesOf(blocks).filter(({ position }) => position >= first).length;
    if (held !== count) this.#violate(`the engine counts ${count} events and holds ${held}`);
    const size = blocks.reduce((sum, block) => sum + block.size, 0);
    if (size !== bytes + spare)
      this.#violate(`the engine counts ${bytes} and ${spare} bytes and holds ${size}`);
    if (count > HISTORY || (blocks.at(-1)?.last ?? head) > head) this.#violate("the log is past its bounds");
    const named = new Set<string>();
    for (const block of blocks) {
      for (const [name, index] of namesOf(block.names))
        named.add(`${name}:${block.last - block.count + 1 + index}`);
    }
    const found = [...names].flatMap(([name, positions]) =>
      positions.map((position) => `${name}:${position}`),
    );
    const wrong = found.find((each) => !named.has(each)) ?? [...named].find((each) => !found.includes(each));
    if (wrong !== undefined) this.#violate(`${wrong} is either held or found, and not both`);
  }

  /** The keys that an event sets. */
  #setBy(uid: number): string {
    const erased = this.#erasures.get(uid);
    if (erased) return `x${erased.word}-${erased.position}`;
    // Blocks of several events are erased from, too.
    const values = this.#schedule.erases && uid % 4 < 2 ? "" : currentOf(uid);
    return [values, this.#schedule.ends ? endOf(uid) : ""].filter((keys) => keys !== "").join(" ");
  }

  /**
   * What is current, or has ended, is the newest of its key on the log, unless that was dropped or could be
   * lost. No event is on a topic that has ended.
   */
  #assertValues(state: EngineState): void {
    const { values, ends, lives, floor, endsFloor, valueBytes, archive, blocks } = state;
    const size = [...values.values()].reduce((sum, value) => sum + value.size, 0);
    if (size !== valueBytes) this.#violate(`the engine counts ${valueBytes} bytes of values and has ${size}`);
    const without = new Set(blocks.filter(({ text }) => text.startsWith(ERASED)).map(({ last }) => last));
    for (const [key, { position }] of values) {
      const isThere = archive.get(key)?.position === position || blocks.some(({ last }) => last === position);
      if (without.has(position)) this.#violate(`the value of ${key} at ${position} is erased`);
      if (!isThere) this.#violate(`the value of ${key} at ${position} is nowhere`);
    }
    // Of what all servers have lost, nobody knows what it was.
    if (this.#holes.size > 0 || this.#schedule.faults.some(({ fault }) => LOSES_VALUES.has(fault))) return;
    const newest = new Map<string, { position: number; clears: boolean; isEnd: boolean }>();
    const places = [...this.#places.values()]
      .flat()
      .filter((place) => isOn(lives, place.word, place.position));
    for (const { uid, word, position } of places.sort((a, b) => a.position - b.position)) {
      const topic = this.#erasures.has(uid) ? undefined : newest.get(topicOf(uid) ?? "");
      const isRefused = this.#schedule.ends && !opens(uid) && topic && !topic.clears;
      // What one append has is for its node to look at.
      const unitFirst = this.#unitFirst.get(`${word}-${position}`) ?? position;
      // An end that was dropped there may be in force again elsewhere.
      const wasDropped = topic && topic.position < (this.#endsFloors.get(`${word}-${position}`) ?? 0);
      if (isRefused && !wasDropped && topic.position >= endsFloor && topic.position < unitFirst)
        this.#violate(`e${uid} is at ${position}, on a topic that ended at ${topic.position}`);
      for (const { key, ...set } of keysOf(this.#setBy(uid))) {
        const clears = set.clears || (!set.isEnd && without.has(position));
        newest.set(key, { position, ...set, clears });
      }
    }
    const erased = new Set([...this.#erasures.values()].map(({ position }) => position));
    for (const [key, { position, clears, isEnd }] of newest) {
      const found = (isEnd ? ends : values).get(key)?.position;
      if (clears || position < (isEnd ? endsFloor : floor) ? found === undefined : found === position)
        continue;
      // It may have been erased before it left the log.
      if (!isEnd && found === undefined && erased.has(position)) continue;
      this.#violate(`the value of ${key} is that at ${found}, and not that at ${position}, ${floor}`);
    }
  }

  /** Whoever has a block that erases an event does not have that event's data. */
  #assertErased(who: string, blocks: readonly Block[]): void {
    for (const { current } of blocks) {
      const erased = erasedBy(current);
      if (!erased) continue;
      const { word, position } = erased;
      const block = blocks.find((each) => isIn(each, position) && each.word === word);
      const text = block?.text.split(",")[position - (block.last - block.count + 1)];
      if (text === undefined) continue;
      this.#count("erased");
      if (!text.startsWith(ERASED))
        this.#violate(`${who} has e${text} at ${word}-${position}, which is erased`);
    }
  }

  #assertReader(reader: Reader, final: EngineState, inLog: (place: Place) => boolean): void {
    let before: Place | undefined;
    let gap = false;
    let seen = new Map<number, Place>();
    for (const item of reader.received) {
      if (item === "gap") {
        gap = true;
        seen = new Map();
        this.#count("gaps");
        continue;
      }
      const isAgain = before && gap && inLog(before) && inLog(item) && item.position <= before.position + 1;
      if (isAgain && !this.#schedule.faults.some(({ fault }) => TWO_SIDES.has(fault))) {
        this.#violate(
          `a reader at ${before?.word}-${before?.position} is told of a gap before ${item.word}-${item.position}`,
        );
      }
      if (before && !gap) {
        const at = `${before.word}-${before.position}, then ${item.word}-${item.position}, without a gap`;
        if (item.position !== before.position + 1) this.#violate(`a reader is sent ${at}`);
        if (inLog(item) && !inLog(before)) this.#violate(`a reader is sent what is rolled back, ${at}`);
        const again = seen.get(item.uid);
        if (again && !this.#isGone(again)) {
          this.#violate(`a reader is sent e${item.uid} twice`);
        }
      }
      seen.set(item.uid, item);
      before = item;
      gap = false;
    }
    if (reader.open && reader.node?.up && reader.at !== final.head) {
      this.#violate(`a reader stands at ${reader.at}, the head at ${final.head}`);
    }
    if (!reader.open) {
      for (let i = 0; i < 200 && !reader.open; i++) this.#connect(reader);
      if (!reader.open)
        this.#violate(`a reader waits for ever at ${reader.cursor?.word}-${reader.cursor?.position}`);
    }
    const ended = before && !gap && !inLog(before) && reader.received.at(-1) !== "gap";
    if (ended) this.#violate(`a reader ends on ${before?.word}-${before?.position}, which is rolled back`);
  }
}

/** Whether its publisher still waits for an answer. */
function isOpen(ask: Ask): boolean {
  return ask.publication.ask === ask && ask.publication.state === "asked";
}

/** The block without the data of its event at a position. */
function withoutEvent<B extends Pick<Block, "last" | "count" | "current" | "text">>(
  block: B,
  position: number,
): B {
  const index = position - (block.last - block.count + 1);
  const text = block.text
    .split(",")
    .map((uid, i) => (i === index && !uid.startsWith(ERASED) ? ERASED + uid : uid))
    .join(",");
  return { ...block, current: withoutValues(block.current), text };
}

/** How the block of an event is rewritten when that is erased. */
function rewriteOf({ blocks }: EngineState, { word, position }: Omit<Place, "uid">): Rewrite {
  const block = blocks.find((each) => isIn(each, position) && each.word === word);
  if (!block) return { of: "", current: "", text: "" };
  const { current, text } = withoutEvent(block, position);
  return { of: digestOf(block.text), current, text };
}

/** These publishers do not learn what became of it. */
function giveUp(asks: readonly Ask[]): void {
  for (const { publication } of asks.filter(isOpen)) publication.state = "unknown";
}

/** The events of these blocks with their places. */
function placesOf(blocks: readonly Block[]): Place[] {
  return blocks.flatMap(({ word, last, count, text }) =>
    text.split(",").map((uid, i) => ({ word, position: last - count + 1 + i, uid: Math.abs(Number(uid)) })),
  );
}

function blockOf(part: readonly SimulatedEvent[], setBy: (event: SimulatedEvent) => string): BlockContent {
  const names = part.flatMap(({ uid, named }, index) => (named ? [`e${uid}:${index}`] : []));
  const current = part.map(setBy).join("");
  const text = part.map(({ uid }) => uid).join(",");
  return { count: part.length, size: part.length, names: names.join(" "), current, text };
}

/** What an event sets, of few keys; some clear one. */
function currentOf(uid: number): string {
  const key = `v${uid % KEYS}`;
  if (uid % 9 === 4) return `-${key}`;
  if (uid % 3 === 0) return "";
  return uid % 4 === 0 ? `${key} v${(uid + 1) % KEYS}` : key;
}

/** The key of the topic that some events are on. */
function topicOf(uid: number): string | undefined {
  return uid % 5 < 2 ? `e${uid % TOPICS}` : undefined;
}

/** The keys of the topics on which events are refused. */
function topicsOf(events: readonly SimulatedEvent[]): string {
  const keys = events.flatMap(({ uid }) => (opens(uid) ? [] : (topicOf(uid) ?? [])));
  return [...new Set(keys)].join(" ");
}

/** Whether an event only opens its topic again. */
function opens(uid: number): boolean {
  return topicOf(uid) !== undefined && uid % 7 === 3;
}

/** Some end their topic, of those some privately. */
function endOf(uid: number): string {
  const key = topicOf(uid);
  if (key === undefined) return "";
  if (opens(uid)) return `-${key}`;
  if (uid % 7 === 5) return key;
  return uid % 7 === 6 ? `p${key.slice(1)}` : "";
}

/** What sets a current value or ends a topic has a block of its own. */
function runsOf(
  events: readonly SimulatedEvent[],
  setBy: (event: SimulatedEvent) => string,
): SimulatedEvent[][] {
  const runs: SimulatedEvent[][] = [];
  for (const event of events) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run && before && setBy(before) === "" && setBy(event) === "") run.push(event);
    else runs.push([event]);
  }
  return runs;
}

function contentsOf(blocks: readonly BlockContent[]): SimulatedEvent[] {
  return blocks.flatMap(({ names, text }) => {
    const named = new Set(namesOf(names).map(([, index]) => index));
    return text.split(",").map((uid, index) => ({ uid: Number(uid), named: named.has(index) }));
  });
}

/** The word of the life that the position is in. */
function lifeAt(lives: LifeChain, position: number): string | undefined {
  return lives.findLast(({ first }) => first <= position)?.word;
}

/** The epoch that the next position after this one is in. */
function epochOf(epochs: readonly Epoch[], position: number): number {
  return epochs.findLast(({ after }) => after <= position)?.number ?? epochs[0]?.number ?? 0;
}
