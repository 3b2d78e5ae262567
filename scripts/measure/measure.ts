import type { Case } from "./cases.ts";
import { now } from "./event.ts";
import type { Published, PublishersOrder, PublishersReport } from "./publishers.ts";
import type { ReadersOrder, ReadersReport } from "./readers.ts";
import type { Address, Server } from "./server.ts";
import { ownCpu, usageOf } from "./usage.ts";

/** What one round of a case found. */
export interface Result {
  /** Deliveries, or without clients events, per second of the server's processor time. */
  readonly perCpuSecond: number | undefined;
  /** The same per second of the wall's clock. */
  readonly perSecond: number | undefined;
  /** How long all but the slowest hundredth of the deliveries took, in ms. */
  readonly p99: number | undefined;
  /** Bytes that the server took for each client while all were idle. */
  readonly memoryPerClient: number | undefined;
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
const WARM_UP = { clients: 50, topics: 5, requests: 2000 };

/** Starts the server, measures one case, and stops it. @throws Error when it can't do it. */
export async function measure(server: Server, one: Case): Promise<Result> {
  const running = await server.start(one);
  try {
    // What a warm-up leaves to be reused would make clients seem smaller than they are.
    if (one.events > 0) await measureOnce(running.address, [], warmUp(one));
    return await measureOnce(running.address, running.pids, one);
  } finally {
    await running.stop();
  }
}

function warmUp(one: Case): Case {
  const clients = Math.min(WARM_UP.clients, one.clients);
  const topics = Math.min(WARM_UP.topics, one.topics);
  return { ...one, clients, topics, events: WARM_UP.requests * one.batch };
}

async function measureOnce(address: Address, pids: readonly number[], one: Case): Promise<Result> {
  const { clients, events, topics } = one;
  const before = await usageOf(pids);
  const readers = new Readers();
  try {
    const arrival = events === 0;
    const atOnce = arrival ? clients : AT_ONCE;
    const secondsToOpen =
      clients > 0 ? await readers.open({ address, count: clients, topics, atOnce }) : undefined;
    const opened = await usageOf(pids);
    if (arrival) await Bun.sleep(REST);
    const idle = await usageOf(pids);
    const ownIdle = ownCpu();
    const published = events > 0 ? await publish({ address, case: one }) : undefined;
    const expected = deliveriesOf(one);
    const endedAt = expected > 0 ? await readers.untilDelivered(expected) : published?.endedAt;
    const cpu = (await usageOf(pids)).cpu - idle.cpu;
    const done = clients > 0 ? readers.deliveries : events;
    const known = pids.length > 0;
    return {
      perCpuSecond: cpu > 0 && events > 0 ? done / cpu : undefined,
      perSecond: published && endedAt && (done * 1000) / (endedAt - published.startedAt),
      p99: quantile(readers.latencies, 0.99),
      memoryPerClient: known && arrival ? (idle.memory - before.memory) / clients : undefined,
      secondsToOpen,
      cpuToOpen: known ? opened.cpu - before.cpu : undefined,
      lost: expected - (clients > 0 ? done : 0),
      load: cpu > 0 ? (ownCpu() - ownIdle) / cpu : undefined,
    };
  } finally {
    readers.close();
  }
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

/** The event streams of a worker. */
class Readers {
  deliveries = 0;
  readonly latencies: number[] = [];
  #lastAt = now();
  readonly #worker = new Worker(new URL("readers.ts", import.meta.url).href);

  /** Resolves with the seconds that it took until all were streaming. */
  open(order: ReadersOrder): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#worker.onmessage = ({ data }: MessageEvent<ReadersReport>) => {
      if ("seconds" in data) resolve(data.seconds);
      else if ("failed" in data) reject(new Error(data.failed));
      else {
        this.deliveries = data.deliveries;
        this.#lastAt = data.at;
        for (const latency of data.latencies) this.latencies.push(latency);
      }
    };
    this.#worker.onerror = ({ message }) => reject(new Error(message));
    this.#worker.postMessage(order);
    return promise;
  }

  /** Resolves with the time at which they all were there, or the last that came. */
  async untilDelivered(expected: number): Promise<number> {
    this.#lastAt = Math.max(this.#lastAt, now());
    while (this.deliveries < expected && now() - this.#lastAt < SETTLE) await Bun.sleep(5);
    return this.#lastAt;
  }

  close(): void {
    this.#worker.terminate();
  }
}

async function publish(order: PublishersOrder): Promise<Published> {
  const worker = new Worker(new URL("publishers.ts", import.meta.url).href);
  const { promise, resolve, reject } = Promise.withResolvers<Published>();
  worker.onmessage = ({ data }: MessageEvent<PublishersReport>) => {
    if ("failed" in data) reject(new Error(data.failed));
    else resolve(data);
  };
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.postMessage(order);
  try {
    return await promise;
  } finally {
    worker.terminate();
  }
}

function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length * part)];
}
