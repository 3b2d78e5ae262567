import type { Address, HttpAddress } from "./server.ts";

/** An event to be published: its data is JSON. */
export interface Outgoing {
  readonly topic: string;
  readonly data: string;
}

/** What is said to a hub over a connection, and what its answers mean. */
export interface Protocol {
  /** What a connection begins with. */
  readonly greeting: string;
  /** Asks for a topic's events. */
  subscribe(topic: string): string;
  /** Whether the hub has begun to send them, by all it has said. @throws Error when it refused. */
  hasBegun(said: string): boolean;
  /** Publishes events, several only to a hub that takes batches, and asks for an answer. */
  publish(events: readonly [Outgoing, ...Outgoing[]]): string;
  /** Whether the answer is whole. @throws Error when it refused the events. */
  isAnswered(answer: string): boolean;
}

/** The protocol of the hub at this address. */
export function protocolOf(address: Address): Protocol {
  return address.protocol === "nats" ? nats : http(address);
}

const HEAD_END = "\r\n\r\n";

function http(address: HttpAddress): Protocol {
  const head = (line: string, own: Readonly<Record<string, string>>) => {
    const host = `${address.hostname}:${address.port}`;
    const fields = Object.entries({ Host: host, ...own, ...address.headers });
    return `${line} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  };
  const post = (path: string, body: string) => {
    const own = { "Content-Type": address.contentType, "Content-Length": String(body.length) };
    return head(`POST ${path}`, own) + body;
  };
  const bodyOf = ({ topic, data }: Outgoing) =>
    address.body
      .replace("{topic}", topic)
      .replace("{id}", () => crypto.randomUUID())
      .replace("{data}", () => data);
  return {
    greeting: "",
    subscribe: (topic) =>
      head(`GET ${address.subscribe.replace("{topic}", topic)}`, { Accept: "text/event-stream" }),
    hasBegun(said) {
      const line = lineOf(said);
      if (line !== undefined && !line.startsWith("HTTP/1.1 200")) {
        throw new Error(`a stream was refused: ${line}`);
      }
      return line !== undefined;
    },
    publish([first, ...others]) {
      if (others.length === 0) return post(address.publish.replace("{topic}", first.topic), bodyOf(first));
      return post(address.batch ?? address.publish, `[${[first, ...others].map(bodyOf).join(",")}]`);
    },
    isAnswered(answer) {
      const end = answer.indexOf(HEAD_END);
      if (end === -1) return false;
      const length = /\r\ncontent-length: *(\d+)/i.exec(answer)?.[1];
      const whole =
        length === undefined
          ? answer.endsWith(`0${HEAD_END}`)
          : answer.length >= end + HEAD_END.length + Number(length);
      if (whole && answer[9] !== "2") throw new Error(`an event was refused: ${answer.slice(0, 300)}`);
      return whole;
    },
  };
}

/**
 * The text protocol of NATS: https://docs.nats.io/reference/reference-protocols/nats-protocol. A PING is
 * answered when all before it was done. The server's own go unanswered: it waits for minutes.
 */
const nats: Protocol = {
  greeting: 'CONNECT {"verbose":false,"pedantic":false,"name":"bench"}\r\n',
  subscribe: (topic) => `SUB ${topic} 1\r\nPING\r\n`,
  hasBegun: isPonged,
  publish: (events) =>
    `${events.map(({ topic, data }) => `PUB ${topic} ${data.length}\r\n${data}\r\n`).join("")}PING\r\n`,
  isAnswered: isPonged,
};

function isPonged(said: string): boolean {
  const refusal = /-ERR .*/.exec(said)?.[0];
  if (refusal !== undefined) throw new Error(`NATS answered ${refusal}`);
  return said.includes("PONG\r\n");
}

/** The first line, if it is there whole. */
function lineOf(text: string): string | undefined {
  const end = text.indexOf("\r\n");
  return end === -1 ? undefined : text.slice(0, end);
}
