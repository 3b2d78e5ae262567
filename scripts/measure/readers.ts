/** Worker: many event streams, read and counted as cheaply as can be. */
import type { Socket } from "bun";
import { MARK, now, TIME_LENGTH } from "./event.ts";
import type { Address } from "./server.ts";

export type ReadersOrder = { readonly open: number; readonly address: Address } | { readonly reset: true };
export type ReadersReport =
  | { readonly opened: number; readonly seconds: number }
  | { readonly deliveries: number; readonly latencies: readonly number[] };

declare const self: Worker;

/** So many wait for their answer at once. */
const AT_ONCE = 256;
/** Every so many deliveries, one has its latency taken. */
const SAMPLE = 16;
const REPORT_EVERY = 100;

interface Reader {
  /** Its answer has begun. */
  open: () => void;
}

let deliveries = 0;
let latencies: number[] = [];

self.onmessage = ({ data: order }: MessageEvent<ReadersOrder>) => {
  if ("open" in order) void open(order.open, order.address);
  else {
    deliveries = 0;
    latencies = [];
  }
};

setInterval(() => {
  self.postMessage({ deliveries, latencies } satisfies ReadersReport);
}, REPORT_EVERY);

async function open(count: number, address: Address): Promise<void> {
  const startedAt = performance.now();
  let started = 0;
  const one = async () => {
    while (started < count) {
      started++;
      await connect(address);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  const seconds = (performance.now() - startedAt) / 1000;
  self.postMessage({ opened: count, seconds } satisfies ReadersReport);
}

async function connect({ hostname, port, subscribe, headers }: Address): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET ${subscribe} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept: text/event-stream\r\n${lines.join("")}\r\n`;
  await Bun.connect<Reader>({
    hostname,
    port,
    data: { open: resolve },
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
  socket.data.open();
  for (let at = bytes.indexOf(MARK); at !== -1; at = bytes.indexOf(MARK, at + 1)) {
    deliveries++;
    // A time that is cut in two by the network is left out.
    if (deliveries % SAMPLE !== 0 || at + TIME_LENGTH >= bytes.length) continue;
    latencies.push(now() - Number(bytes.toString("latin1", at + 1, at + 1 + TIME_LENGTH)));
  }
}
