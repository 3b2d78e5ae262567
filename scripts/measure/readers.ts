/** Process: many event streams, read and counted as cheaply as can be. */
import type { Socket } from "bun";
import { MARK, now, TIME_LENGTH, topicName } from "./event.ts";
import { answerOrders, report } from "./orders.ts";
import { type Protocol, protocolOf } from "./protocols.ts";
import type { Address } from "./server.ts";

export interface ReadersOrder {
  readonly address: Address;
  /** They connect from addresses that no other process uses: the usual one has 28,000 ports for all. */
  readonly ownAddresses: boolean;
  readonly count: number;
  /** The number that the first of them has among all streams, the other processes' too. */
  readonly first: number;
  /** All streams are spread over so many. */
  readonly topics: number;
  /** So many wait for their answer at once. */
  readonly atOnce: number;
}
/** All are streaming, so many seconds after the first began to connect. */
export interface Opened {
  readonly seconds: number;
}
export interface Deliveries {
  readonly deliveries: number;
  readonly at: number;
  readonly latencies: readonly number[];
}

/** Every so many deliveries, one has its latency taken; of fewer clients, each. */
const SAMPLE = 16;
const REPORT_EVERY = 10;
/** So many connect from one address of their own: among more, the kernel looks for a free port for long. */
const PORTS_OF_ADDRESS = 5000;

interface Reader {
  /** Takes what comes before the stream has begun. */
  begin: ((bytes: Buffer) => void) | undefined;
}

let sample = SAMPLE;
let deliveries = 0;
let reported = 0;
let latencies: number[] = [];

answerOrders(open);

setInterval(() => {
  if (deliveries === reported) return;
  reported = deliveries;
  report<Deliveries>({ deliveries, at: now(), latencies });
  latencies = [];
}, REPORT_EVERY);

async function open(order: ReadersOrder): Promise<Opened> {
  const { count, first, topics, atOnce } = order;
  const protocol = protocolOf(order.address);
  sample = count < SAMPLE ? 1 : SAMPLE;
  const startedAt = performance.now();
  let started = 0;
  const one = async () => {
    while (started < count) {
      const index = started++;
      const from = order.ownAddresses ? ownAddress(Math.floor(index / PORTS_OF_ADDRESS)) : undefined;
      await connect(order.address, from, protocol, topicName((first + index) % topics));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, one));
  return { seconds: (performance.now() - startedAt) / 1000 };
}

/** All of 127.0.0.0/8 is this machine, on Linux. */
function ownAddress(index: number): string {
  return `127.${1 + ((process.pid >> 8) % 254)}.${process.pid & 255}.${1 + index}`;
}

async function connect(
  address: Address,
  from: string | undefined,
  protocol: Protocol,
  topic: string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  const reader: Reader = {
    begin(bytes) {
      said += bytes.toString("latin1");
      try {
        if (!protocol.hasBegun(said)) return;
        reader.begin = undefined;
        resolve();
      } catch (error) {
        reject(error);
      }
    },
  };
  // Bun's types don't name this option.
  const source = from === undefined ? {} : { localAddress: from };
  await Bun.connect<Reader>({
    ...source,
    hostname: address.hostname,
    port: address.port,
    data: reader,
    socket: {
      open(socket) {
        socket.write(protocol.greeting + protocol.subscribe(topic));
      },
      data: read,
      close: () => reject(new Error("a stream was closed before it began")),
      error: (_, error) => reject(error),
    },
  });
  return promise;
}

function read(socket: Socket<Reader>, bytes: Buffer): void {
  socket.data.begin?.(bytes);
  for (let at = bytes.indexOf(MARK); at !== -1; at = bytes.indexOf(MARK, at + 1)) {
    deliveries++;
    // A time that is cut in two by the network is left out.
    if (deliveries % sample !== 0 || at + TIME_LENGTH >= bytes.length) continue;
    latencies.push(now() - Number(bytes.toString("latin1", at + 1, at + 1 + TIME_LENGTH)));
  }
}
