/** Worker: connections that publish, each its next event when the last is answered. */
import type { Socket } from "bun";
import { eventData } from "./event.ts";
import type { Address } from "./server.ts";

export interface PublishersOrder {
  readonly address: Address;
  readonly connections: number;
  readonly events: number;
  /** Of an event's data, in bytes. */
  readonly bytes: number;
}
export type PublishersReport =
  | { readonly published: number; readonly seconds: number }
  | { readonly failed: string };

declare const self: Worker;

const HEAD_END = "\r\n\r\n";

self.onmessage = async ({ data: order }: MessageEvent<PublishersOrder>) => {
  try {
    self.postMessage(await publish(order));
  } catch (error) {
    self.postMessage({ failed: String(error) } satisfies PublishersReport);
  }
};

async function publish(order: PublishersOrder): Promise<PublishersReport> {
  const startedAt = performance.now();
  let left = order.events;
  const take = () => left-- > 0;
  await Promise.all(Array.from({ length: order.connections }, () => publishOver(order, take)));
  return { published: order.events, seconds: (performance.now() - startedAt) / 1000 };
}

async function publishOver({ address, bytes }: PublishersOrder, take: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { hostname, port } = address;
  let answer = "";
  const next = (socket: Socket) => {
    if (take()) socket.write(requestFor(address, eventData(bytes)));
    else {
      resolve();
      socket.end();
    }
  };
  await Bun.connect({
    hostname,
    port,
    socket: {
      open: next,
      data(socket, received) {
        answer += received.toString("latin1");
        if (!isWhole(answer)) return;
        if (answer[9] !== "2") {
          reject(new Error(`a hub refused an event: ${answer}`));
          socket.end();
          return;
        }
        answer = "";
        next(socket);
      },
      close: () => reject(new Error("a hub closed a publisher's connection")),
      error: (_, error) => reject(error),
    },
  });
  return promise;
}

function requestFor({ hostname, port, publish, contentType, headers, body }: Address, data: string): string {
  const text = body.replace("{data}", () => data);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${publish} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: ${contentType}\r\nContent-Length: ${text.length}\r\n${lines.join("")}\r\n${text}`;
}

function isWhole(answer: string): boolean {
  const head = answer.indexOf(HEAD_END);
  if (head === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer)?.[1];
  if (length === undefined) return answer.endsWith(`0${HEAD_END}`);
  return answer.length >= head + HEAD_END.length + Number(length);
}
