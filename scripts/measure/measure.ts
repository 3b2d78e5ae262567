import type { Case } from "./cases.ts";
import type { PublishersOrder, PublishersReport } from "./publishers.ts";
import type { ReadersOrder, ReadersReport } from "./readers.ts";
import type { Address, Server } from "./server.ts";
import { usageOf } from "./usage.ts";

/** What one round of a case found. */
export interface Result {
  /** Deliveries, or without clients events, per second of the server's processor time. */
  readonly perCpuSecond: number | undefined;
  /** The same per second of the wall's clock. */
  readonly perSecond: number;
  /** How long all but the slowest hundredth of the deliveries took, in ms. */
  readonly p99: number | undefined;
  /** Bytes that the server took for each client while all were idle. */
  readonly memoryPerClient: number | undefined;
  /** Deliveries that did not come. */
  readonly lost: number;
}

/** Nothing new for so long is the end, in ms. */
const SETTLE = 3000;
/** What a server runs before it is measured, so that it is compiled where it compiles itself. */
const WARM_UP = { clients: 50, events: 2000 };

/** Starts the server, measures one case, and stops it. */
export async function measure(server: Server, one: Case): Promise<Result> {
  const running = await server.start();
  try {
    const clients = Math.min(WARM_UP.clients, one.clients);
    await measureOnce(running.address, [], { ...one, clients, events: WARM_UP.events });
    return await measureOnce(running.address, running.pids, one);
  } finally {
    await running.stop();
  }
}

async function measureOnce(address: Address, pids: readonly number[], one: Case): Promise<Result> {
  const { clients, publishers, bytes, events } = one;
  const before = await usageOf(pids);
  const readers = new Readers();
  try {
    if (clients > 0) await readers.open(clients, address);
    const idle = await usageOf(pids);
    const startedAt = performance.now();
    await publish({ address, connections: publishers, events, bytes });
    let endedAt = performance.now();
    const expected = events * clients;
    if (expected > 0) endedAt = await readers.untilDelivered(expected);
    const after = await usageOf(pids);
    const done = clients > 0 ? readers.deliveries : events;
    const cpu = after.cpu - idle.cpu;
    return {
      perCpuSecond: cpu > 0 ? done / cpu : undefined,
      perSecond: (done * 1000) / (endedAt - startedAt),
      p99: quantile(readers.latencies, 0.99),
      memoryPerClient: pids.length > 0 && clients > 0 ? (idle.memory - before.memory) / clients : undefined,
      lost: expected - (clients > 0 ? done : 0),
    };
  } finally {
    readers.close();
  }
}

/** The event streams of a worker. */
class Readers {
  deliveries = 0;
  latencies: readonly number[] = [];
  readonly #worker = new Worker(new URL("readers.ts", import.meta.url).href);

  open(count: number, address: Address): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#worker.onmessage = ({ data }: MessageEvent<ReadersReport>) => {
      if ("opened" in data) resolve(data.seconds);
      else {
        this.deliveries = data.deliveries;
        this.latencies = data.latencies;
      }
    };
    this.#worker.onerror = ({ message }) => reject(new Error(message));
    this.#worker.postMessage({ open: count, address } satisfies ReadersOrder);
    return promise;
  }

  /** Resolves with the time at which they all were there, or the last that came. */
  async untilDelivered(expected: number): Promise<number> {
    let last = this.deliveries;
    let lastAt = performance.now();
    while (this.deliveries < expected && performance.now() - lastAt < SETTLE) {
      await Bun.sleep(10);
      if (this.deliveries === last) continue;
      last = this.deliveries;
      lastAt = performance.now();
    }
    return lastAt;
  }

  close(): void {
    this.#worker.terminate();
  }
}

async function publish(order: PublishersOrder): Promise<void> {
  const worker = new Worker(new URL("publishers.ts", import.meta.url).href);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<PublishersReport>) => {
    if ("failed" in data) reject(new Error(data.failed));
    else resolve();
  };
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.postMessage(order);
  try {
    await promise;
  } finally {
    worker.terminate();
  }
}

function quantile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)];
}
