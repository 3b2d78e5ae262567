import type { Broker } from "../broker/broker.ts";
import type { Awaitable, Store } from "../log/store.ts";
import type { Nodes } from "../nodes/nodes.ts";

/** What a server is within its hub. */
export interface Part {
  readonly nodes: Nodes;
  /** Opens what is, or leads to, the hub's one log. @throws StoreFileError; ConfigError */
  openStore(): Awaitable<Store>;
  /** The port that the hub's servers share; without it, the server has one of its own. */
  readonly sharedPort?: number;
  /** How many servers the hub has. */
  readonly servers: number;
  /** Resolves when it can't go on, to the reason. */
  readonly failed?: Promise<string>;
  /** There is a broker, and all that other nodes may ask has been named. */
  ready?(broker: Broker): void;
  /** Its last reader has gone, and the log is about to be closed. */
  leave?(): Promise<void>;
}
