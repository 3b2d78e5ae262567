import type { Case, Feature } from "./cases.ts";
import type { RedisProbe } from "./redis-probe.ts";

/** Where a hub can be reached, and how it is spoken to: see protocols.ts. */
export type Address = HttpAddress | NatsAddress;

/** `{topic}` stands for a topic's name. */
export interface HttpAddress {
  readonly protocol: "http";
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
  /** The body that publishes; `{data}` stands for the event's data, `{id}` for an id of its own. */
  readonly body: string;
}

export interface NatsAddress {
  readonly protocol: "nats";
  readonly hostname: string;
  readonly port: number;
}

/** A hub to be measured. */
export interface Server {
  readonly name: string;
  /** What a case can ask of it. */
  readonly features: readonly Feature[];
  /** Starts it with what the case needs. */
  start(one: Case): Promise<Running>;
}

/** What a process does where several share the work. */
export type Part = "taking" | "following" | "redis";

export interface Running {
  readonly address: Address;
  /** Where events are published, if that is another node. */
  readonly publishAt?: Address;
  /** Those of its processes that share the work. */
  readonly parts?: Readonly<Record<Part, number>>;
  /** The Redis that its nodes have. */
  readonly redis?: RedisProbe;
  /** Bytes that its history has by its own count. */
  readonly historyBytes?: () => Promise<number>;
  /** Its processes, if they run here: their time and memory, and that of all they started, can be read. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}
