/** Worker: many event streams, read and counted as cheaply as can be. */
import type { Socket } from "bun";
import { MARK, now, TIME_LENGTH, topicName } from "./event.ts";
import { answerOrders, type Failed } from "./orders.ts";
import { requestHead } from "./request.ts";
import type { Address } from "./server.ts";

export interface ReadersOrder {
  readonly address: Address;
  readonly count: number;
  /** The streams are spread over so many. */
  readonly topics: number;
  /** So many wait for their answer at once. */
  readonly atOnce: number;
}
export type ReadersReport =
  /** All are streaming, so many seconds after the first began to connect. */
  | { readonly seconds: number }
  | Failed
  | { readonly deliveries: number; readonly at: number; readonly latencies: readonly number[] };

declare const self: Worker;

/** Every so many deliveries, one has its latency taken. */
const SAMPLE = 16;
const REPORT_EVERY = 10;
const OK = "HTTP/1.1 200";

interface Reader {
  /** Its answer has begun with these bytes. */
  begun: ((bytes: Buffer) => void) | undefined;
}

let deliveries = 0;
let reported = 0;
let latencies: number[] = [];

answerOrders<ReadersOrder>(self, async (order) => ({ seconds: await open(order) }) satisfies ReadersReport);

setInterval(() => {
  if (deliveries === reported) return;
  reported = deliveries;
  self.postMessage({ deliveries, at: now(), latencies } satisfies ReadersReport);
  latencies = [];
}, REPORT_EVERY);

async function open({ address, count, topics, atOnce }: ReadersOrder): Promise<number> {
  const startedAt = performance.now();
  let started = 0;
  const one = async () => {
    while (started < count) {
      const topic = topicName(started++ % topics);
      await connect(address, address.subscribe.replace("{topic}", topic));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, one));
  return (performance.now() - startedAt) / 1000;
}

async function connect(address: Address, path: string): Promise<void> {
  const { hostname, port } = address;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = requestHead(address, `GET ${path}`, { Accept: "text/event-stream" });
  const begun = (bytes: Buffer) => {
    const answer = bytes.toString("latin1", 0, 100);
    if (answer.startsWith(OK)) resolve();
    else reject(new Error(`a stream was refused: ${answer.split("\r\n")[0]}`));
  };
  await Bun.connect<Reader>({
    hostname,
    port,
    data: { begun },
    socket: {
      open(socket) {
        socket.write(request);
      },
      data: read,
      close: () => reject(new Error("a stream was closed before it began")),
      error: (_, error) => reject(error),
    },
  });
  return promise;
}

function read(socket: Socket<Reader>, bytes: Buffer): void {
  if (socket.data.begun) {
    socket.data.begun(bytes);
    socket.data.begun = undefined;
  }
  for (let at = bytes.indexOf(MARK); at !== -1; at = bytes.indexOf(MARK, at + 1)) {
    deliveries++;
    // A time that is cut in two by the network is left out.
    if (deliveries % SAMPLE !== 0 || at + TIME_LENGTH >= bytes.length) continue;
    latencies.push(now() - Number(bytes.toString("latin1", at + 1, at + 1 + TIME_LENGTH)));
  }
}
