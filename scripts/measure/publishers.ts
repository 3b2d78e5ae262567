/** Process: connections that publish, each its next request when the last is answered. */
import type { Socket } from "bun";
import type { Case } from "./cases.ts";
import { eventData, now, topicName } from "./event.ts";
import { answerOrders } from "./orders.ts";
import { type Outgoing, type Protocol, protocolOf } from "./protocols.ts";
import type { Address } from "./server.ts";

export interface PublishersOrder {
  readonly address: Address;
  readonly case: Case;
}
/** All is answered; by the clock of event.ts. */
export interface Published {
  readonly startedAt: number;
  readonly endedAt: number;
  /** How long half of the requests took at most, in ms. */
  readonly acknowledged: number;
}

answerOrders(publish);

async function publish({ address, case: one }: PublishersOrder): Promise<Published> {
  const { events, batch, bytes, topics, publishers, rate } = one;
  const protocol = protocolOf(address);
  let published = 0;
  const startedAt = now();
  const untilNext = () => (rate ? startedAt + (published * 1000) / rate - now() : 0);
  const event = (): Outgoing => ({ topic: topicName(published++ % topics), data: eventData(bytes) });
  const next = (): string | undefined => {
    if (published >= events) return undefined;
    return protocol.publish([event(), ...Array.from({ length: batch - 1 }, event)]);
  };
  const times: number[] = [];
  const take = (time: number) => times.push(time);
  await Promise.all(
    Array.from({ length: publishers }, () => publishOver(address, protocol, next, untilNext, take)),
  );
  const endedAt = now();
  const acknowledged = times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
  return { startedAt, endedAt, acknowledged };
}

async function publishOver(
  { hostname, port }: Address,
  protocol: Protocol,
  next: () => string | undefined,
  untilNext: () => number,
  take: (time: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let answer = "";
  let sentAt = 0;
  const goOn = (socket: Socket) => {
    const wait = untilNext();
    if (wait > 0) {
      setTimeout(goOn, wait, socket);
      return;
    }
    const text = next();
    if (text !== undefined) {
      sentAt = now();
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
      open(socket) {
        send(socket, protocol.greeting);
        goOn(socket);
      },
      data(socket, received) {
        answer += received.toString("latin1");
        try {
          if (!protocol.isAnswered(answer)) return;
        } catch (error) {
          reject(error);
          socket.end();
          return;
        }
        answer = "";
        take(now() - sentAt);
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
