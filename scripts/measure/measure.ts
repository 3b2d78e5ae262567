import type { Case } from "./cases.ts";
import { now } from "./event.ts";
import { LoadProcess } from "./orders.ts";
import type { Published, PublishersOrder } from "./publishers.ts";
import type { Deliveries, Opened, ReadersOrder } from "./readers.ts";
import type { Part, Running, Server } from "./server.ts";
import { usageOf } from "./usage.ts";

/** What one round of a case found. */
export interface Result {
  /** Deliveries, or without clients events, per second of the server's processor time. */
  readonly perCpuSecond: number | undefined;
  /** The same per second of the wall's clock. */
  readonly perSecond: number | undefined;
  /** How long all but the slowest hundredth of the deliveries took, in ms. */
  readonly p99: number | undefined;
  /** How long half of the deliveries took at most, in ms. */
  readonly p50: number | undefined;
  /** How long half of the requests that published took at most, in ms. */
  readonly acknowledged: number | undefined;
  /** Of those that share the work, each one's processor time for an event, in µs. */
  readonly parts: Readonly<Record<Part, number>> | undefined;
  /** How long the longest call held Redis, in ms. */
  readonly longestCall: number | undefined;
  /** Bytes that Redis took for an event, and what the hub counts for one. */
  readonly redisBytes: number | undefined;
  readonly countedBytes: number | undefined;
  /** How long the slowest delivery took, in ms. */
  readonly slowest: number | undefined;
  /** Bytes that the server took before there were clients, if its memory is measured at all. */
  readonly memoryAlone: number | undefined;
  /** Bytes that the server took for each client while all were idle. */
  readonly memoryPerClient: number | undefined;
  /** From the first client's connecting until the last one had all that was published before, in seconds. */
  readonly secondsToReturn?: number | undefined;
  /** From the first client's connecting until the last one's stream had begun. */
  readonly secondsToOpen: number | undefined;
  /** The server's processor time for that, in seconds. */
  readonly cpuToOpen: number | undefined;
  /** Deliveries that did not come. */
  readonly lost: number;
  /** Processor time of the load generator for each second of the server's. */
  readonly load: number | undefined;
}

/** Nothing new for so long is the end, in ms. */
const SETTLE = 3000;
/** How long clients are left alone before the server's memory is read, in ms. */
const REST = 2000;
/** Of clients that only are there for what is measured later, so many connect at once. */
const AT_ONCE = 256;
/** What a server runs before it is measured, so that it is compiled where it compiles itself. */
const WARM_UP = { clients: 50, topics: 5, requests: 2000, events: 200_000 };

/**
 * Starts the server, measures one case, and stops it.
 *
 * @param clientLimit how many clients one process can be.
 * @throws Error when it can't do it.
 */
export async function measure(
  server: Server,
  one: Case,
  clientLimit = Number.POSITIVE_INFINITY,
): Promise<Result> {
  const running = await server.start(one);
  try {
    if (one.returns) return await measureReturn(running, one, clientLimit);
    // What a warm-up leaves to be reused would make clients seem smaller than they are.
    if (!one.rests) await measureOnce({ ...running, pids: [], redis: undefined }, warmUp(one), clientLimit);
    return await measureOnce(running, one, clientLimit);
  } finally {
    await running.stop();
  }
}

function warmUp(one: Case): Case {
  const clients = Math.min(WARM_UP.clients, one.clients);
  const topics = Math.min(WARM_UP.topics, one.topics);
  const { rate: _, ...unpaced } = one;
  const requests = one.warmUp ?? WARM_UP.requests;
  const events = Math.min(requests * one.batch, WARM_UP.events) * one.workers;
  return { ...unpaced, clients, topics, events };
}

async function measureOnce(
  running: Omit<Running, "redis"> & { readonly redis?: Running["redis"] | undefined },
  one: Case,
  clientLimit: number,
): Promise<Result> {
  const { clients, events, topics, rests } = one;
  const { address, publishAt = address, pids, redis, historyBytes } = running;
  const readers = new Readers(Math.ceil(clients / clientLimit));
  const publishers = new LoadProcess<PublishersOrder, Published>("publishers.ts");
  const load = () => usageOf([publishers.pid, ...readers.pids]);
  try {
    const before = await usageOf(pids);
    // It is their arrival that is measured where nothing is published.
    const atOnce = events === 0 ? clients : AT_ONCE;
    const secondsToOpen =
      clients > 0 ? await readers.open({ address, count: clients, topics, atOnce }) : undefined;
    const opened = await usageOf(pids);
    if (rests) await Bun.sleep(REST);
    const idle = await usageOf(pids);
    const loadIdle = await load();
    const partsIdle = await partsOf(running);
    const redisIdle = await redis?.memory();
    const countedIdle = redis && (await historyBytes?.());
    await redis?.begin();
    const published = events > 0 ? await publishers.order({ address: publishAt, case: one }) : undefined;
    const expected = deliveriesOf(one);
    const endedAt = expected > 0 ? await readers.untilDelivered(expected) : published?.endedAt;
    const cpu = (await usageOf(pids)).cpu - idle.cpu;
    const parts = partsIdle && perEvent(partsIdle, await partsOf(running), events);
    const done = clients > 0 ? readers.deliveries : events;
    const known = pids.length > 0;
    return {
      perCpuSecond: cpu > 0 && events > 0 ? done / cpu : undefined,
      perSecond: published && endedAt && (done * 1000) / (endedAt - published.startedAt),
      p50: quantile(readers.latencies, 0.5),
      p99: quantile(readers.latencies, 0.99),
      acknowledged: published?.acknowledged,
      parts,
      longestCall: await redis?.longestCall(),
      redisBytes: difference(redisIdle, await redis?.memory(), events),
      countedBytes: difference(countedIdle, redis && (await historyBytes?.()), events),
      slowest: quantile(readers.latencies, 1),
      memoryAlone: known && rests ? before.memory : undefined,
      memoryPerClient: known && rests ? (idle.memory - before.memory) / clients : undefined,
      secondsToOpen,
      cpuToOpen: known ? opened.cpu - before.cpu : undefined,
      lost: expected - (clients > 0 ? done : 0),
      load: cpu > 0 ? ((await load()).cpu - loadIdle.cpu) / cpu : undefined,
    };
  } finally {
    await Promise.all([readers.end(), publishers.end()]);
  }
}

/** Publishes, kills the node that took it, and measures how long all clients take to have it from the other. */
async function measureReturn(running: Running, one: Case, clientLimit: number): Promise<Result> {
  const { address, publishAt = address, parts } = running;
  const { clients, topics, events } = one;
  const readers = new Readers(Math.ceil(clients / clientLimit));
  const publishers = new LoadProcess<PublishersOrder, Published>("publishers.ts");
  try {
    const { acknowledged } = await publishers.order({ address: publishAt, case: one });
    if (parts) process.kill(parts.taking, "SIGKILL");
    const startedAt = now();
    const secondsToOpen = await readers.open({ address, count: clients, topics, atOnce: AT_ONCE });
    const expected = deliveriesOf(one);
    const secondsToReturn = ((await readers.untilDelivered(expected)) - startedAt) / 1000;
    return {
      ...NOTHING,
      acknowledged,
      secondsToOpen,
      secondsToReturn,
      perSecond: (clients * events) / secondsToReturn,
      lost: expected - readers.deliveries,
    };
  } finally {
    await Promise.all([readers.end(), publishers.end()]);
  }
}

/** What is not measured. */
const NOTHING = {
  ...{ perCpuSecond: undefined, perSecond: undefined, p50: undefined, p99: undefined, slowest: undefined },
  ...{ acknowledged: undefined, parts: undefined, longestCall: undefined, load: undefined },
  ...{ redisBytes: undefined, countedBytes: undefined, memoryAlone: undefined, memoryPerClient: undefined },
  ...{ secondsToOpen: undefined, cpuToOpen: undefined },
};

function difference(
  before: number | undefined,
  after: number | undefined,
  events: number,
): number | undefined {
  return before === undefined || after === undefined ? undefined : (after - before) / events;
}

/** The processor time of each of those that share the work, in seconds. */
async function partsOf({ parts, pids }: Pick<Running, "parts" | "pids">): Promise<PartTimes | undefined> {
  if (!parts || pids.length === 0) return undefined;
  const cpu = async (pid: number) => (await usageOf([pid])).cpu;
  return {
    taking: await cpu(parts.taking),
    following: await cpu(parts.following),
    redis: await cpu(parts.redis),
  };
}

type PartTimes = Readonly<Record<Part, number>>;

function perEvent(before: PartTimes, after: PartTimes | undefined, events: number): PartTimes | undefined {
  const each = (part: Part) => (((after?.[part] ?? Number.NaN) - before[part]) * 1e6) / events;
  return { taking: each("taking"), following: each("following"), redis: each("redis") };
}

/** How many deliveries it makes when none is lost. */
function deliveriesOf({ clients, topics, events }: Case): number {
  let sum = 0;
  for (let topic = 0; topic < topics; topic++)
    sum += share(clients, topic, topics) * share(events, topic, topics);
  return sum;
}

/** How many of all one topic gets when they are dealt out in turns. */
function share(all: number, topic: number, topics: number): number {
  return Math.floor(all / topics) + (topic < all % topics ? 1 : 0);
}

/** The event streams of as many processes as it takes to have them. */
class Readers {
  readonly latencies: number[] = [];
  #lastAt = now();
  readonly #deliveries: number[];
  readonly #processes: readonly LoadProcess<ReadersOrder, Opened, Deliveries>[];

  constructor(processes: number) {
    this.#deliveries = Array.from({ length: processes }, () => 0);
    this.#processes = this.#deliveries.map(
      (_, index) => new LoadProcess("readers.ts", (report) => this.#take(index, report)),
    );
  }

  get pids(): number[] {
    return this.#processes.map(({ pid }) => pid);
  }

  get deliveries(): number {
    return this.#deliveries.reduce((sum, count) => sum + count, 0);
  }

  /** Resolves with the seconds that it took until all were streaming. */
  async open({ count, atOnce, ...order }: Omit<ReadersOrder, "ownAddresses" | "first">): Promise<number> {
    const parts = this.#processes.length;
    let first = 0;
    const opened = this.#processes.map((reader, index) => {
      const part = { first, count: share(count, index, parts), atOnce: share(atOnce, index, parts) };
      first += part.count;
      return reader.order({ ...order, ...part, ownAddresses: parts > 1 });
    });
    return Math.max(...(await Promise.all(opened)).map(({ seconds }) => seconds));
  }

  /** Resolves with the time at which they all were there, or the last that came. */
  async untilDelivered(expected: number): Promise<number> {
    this.#lastAt = Math.max(this.#lastAt, now());
    while (this.deliveries < expected && now() - this.#lastAt < SETTLE) await Bun.sleep(5);
    return this.#lastAt;
  }

  async end(): Promise<void> {
    await Promise.all(this.#processes.map((reader) => reader.end()));
  }

  #take(index: number, { deliveries, at, latencies }: Deliveries): void {
    this.#deliveries[index] = deliveries;
    this.#lastAt = Math.max(this.#lastAt, at);
    for (const latency of latencies) this.latencies.push(latency);
  }
}

function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)];
}
