/** Worker: connections that publish, each its next request when the last is answered. */
import type { Socket } from "bun";
import type { Case } from "./cases.ts";
import { eventData, now, topicName } from "./event.ts";
import { answerOrders, type Failed } from "./orders.ts";
import { requestHead } from "./request.ts";
import type { Address } from "./server.ts";

export interface PublishersOrder {
  readonly address: Address;
  readonly case: Case;
}
/** All is answered; by the clock of event.ts. */
export interface Published {
  readonly startedAt: number;
  readonly endedAt: number;
}
export type PublishersReport = Published | Failed;

declare const self: Worker;

const HEAD_END = "\r\n\r\n";

answerOrders<PublishersOrder>(self, publish);

async function publish({ address, case: one }: PublishersOrder): Promise<Published> {
  const { events, batch, bytes, topics, publishers, rate } = one;
  let published = 0;
  const startedAt = now();
  const untilNext = () => (rate ? startedAt + (published * 1000) / rate - now() : 0);
  const event = (index: number) => {
    const topic = topicName(index % topics);
    return address.body.replace("{topic}", topic).replace("{data}", () => eventData(bytes));
  };
  const next = (): string | undefined => {
    const first = published;
    if (first >= events) return undefined;
    published += batch;
    if (batch === 1)
      return request(address, address.publish.replace("{topic}", topicName(first % topics)), event(first));
    const all = Array.from({ length: batch }, (_, i) => event(first + i));
    return request(address, address.batch ?? address.publish, `[${all.join(",")}]`);
  };
  await Promise.all(Array.from({ length: publishers }, () => publishOver(address, next, untilNext)));
  return { startedAt, endedAt: now() };
}

async function publishOver(
  { hostname, port }: Address,
  next: () => string | undefined,
  untilNext: () => number,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let answer = "";
  const goOn = (socket: Socket) => {
    const wait = untilNext();
    if (wait > 0) {
      setTimeout(goOn, wait, socket);
      return;
    }
    const text = next();
    if (text !== undefined) {
      send(socket, text);
      return;
    }
    resolve();
    socket.end();
  };
  await Bun.connect({
    hostname,
    port,
    socket: {
      open: goOn,
      data(socket, received) {
        answer += received.toString("latin1");
        if (!isWhole(answer)) return;
        if (answer[9] !== "2") {
          reject(new Error(`an event was refused: ${answer.slice(0, 300)}`));
          socket.end();
          return;
        }
        answer = "";
        goOn(socket);
      },
      close: () => reject(new Error("a publisher's connection was closed")),
      error: (_, error) => reject(error),
    },
  });
  return promise;
}

function send(socket: Socket, text: string): void {
  // Such a little is taken whole, as nothing else waits on the connection.
  const written = socket.write(text);
  if (written !== text.length) throw new Error(`only ${written} of ${text.length} bytes could be sent`);
}

function request(address: Address, path: string, body: string): string {
  const own = { "Content-Type": address.contentType, "Content-Length": String(body.length) };
  return requestHead(address, `POST ${path}`, own) + body;
}

function isWhole(answer: string): boolean {
  const head = answer.indexOf(HEAD_END);
  if (head === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer)?.[1];
  if (length === undefined) return answer.endsWith(`0${HEAD_END}`);
  return answer.length >= head + HEAD_END.length + Number(length);
}
