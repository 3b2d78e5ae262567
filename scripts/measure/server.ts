import type { Case, Feature } from "./cases.ts";

/** Where a hub can be reached, and how it is spoken to. `{topic}` stands for a topic's name. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
  /** Path and query of its event stream. */
  readonly subscribe: string;
  /** Path and query that events are posted to. */
  readonly publish: string;
  /** Path and query that JSON arrays of such events are posted to, if there is one. */
  readonly batch?: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body that publishes; `{data}` stands for the event's data. */
  readonly body: string;
}

/** A hub to be measured. */
export interface Server {
  readonly name: string;
  /** What a case can ask of it. */
  readonly features: readonly Feature[];
  /** Starts it with what the case needs. */
  start(one: Case): Promise<Running>;
}

export interface Running {
  readonly address: Address;
  /** Its processes, if they run here: their time and memory can be read. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** Resolves when the port takes connections. @throws Error after ten seconds. */
export async function untilListening(hostname: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      const socket = await Bun.connect({ hostname, port, socket: { data() {} } });
      socket.end();
      return;
    } catch {
      await Bun.sleep(50);
    }
  }
  throw new Error(`nothing listens on ${hostname} port ${port}`);
}

/** A port that is free now. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
