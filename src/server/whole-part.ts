import type { Config } from "../config/config.ts";
import { openStore } from "../config/store.ts";
import { RedisStore } from "../log/redis/redis-store.ts";
import type { Logger } from "../logger.ts";
import { SingleNode } from "../nodes/nodes.ts";
import { Peers } from "../nodes/peers.ts";
import { RecipientsElsewhere } from "../nodes/recipients.ts";
import { RedisCarrier } from "../nodes/redis-carrier.ts";
import type { Part } from "./part.ts";

/**
 * A server that opens the log itself. Where Redis holds the log, it is a node of the hub that other
 * machines are nodes of too.
 *
 * @throws the same as {@link openStore}.
 */
export async function wholePart(config: Config, logger: Logger): Promise<Part> {
  const elsewhere = new RecipientsElsewhere();
  const store = await openStore(config, { recipients: (draft) => elsewhere.count(draft) });
  if (!(store instanceof RedisStore)) return { nodes: new SingleNode(), servers: 1, openStore: () => store };
  const carrier = new RedisCarrier(store.engine.node, store.control, logger);
  const peers = new Peers(carrier, logger);
  return {
    nodes: peers,
    servers: 1,
    openStore: () => store,
    ready(broker) {
      elsewhere.share(broker, peers);
      peers.join();
    },
    async leave() {
      peers.leave();
      await carrier.leave();
    },
  };
}
