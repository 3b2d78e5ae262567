import { hostname } from "node:os";
import type { Config } from "../config/config.ts";
import { openStore } from "../config/store.ts";
import type { Missed } from "../log/redis/control-stream.ts";
import { RedisStore } from "../log/redis/redis-store.ts";
import type { Logger } from "../logger.ts";
import { SingleNode } from "../nodes/nodes.ts";
import { compareBounds } from "../nodes/other-bounds.ts";
import { Peers } from "../nodes/peers.ts";
import { RecipientsElsewhere } from "../nodes/recipients.ts";
import { RedisCarrier } from "../nodes/redis-carrier.ts";
import type { Part } from "./part.ts";

/** So much of a machine's name is told, in characters. */
const MAX_MACHINE_NAME = 63;
/** A node that may have missed removals ends its streams in this time, in ms. */
const READMIT_MS = 2000;
/** Why it may have. */
const MISSED: Readonly<Record<Missed, string>> = {
  silent: "it was silent for too long",
  emptied: "Redis was emptied, and with it what the nodes had told each other",
};

/**
 * A server that opens the log itself. Where Redis holds the log, it is a node of the hub that other
 * machines are nodes of too.
 *
 * @param group the process of which this one is a worker; itself, if it is none.
 * @throws the same as {@link openStore}.
 */
export async function wholePart(config: Config, logger: Logger, group = process.pid): Promise<Part> {
  const elsewhere = new RecipientsElsewhere();
  const store = await openStore(config, { recipients: (draft) => elsewhere.count(draft) });
  if (!(store instanceof RedisStore)) return { nodes: new SingleNode(), servers: 1, openStore: () => store };
  const program = programName(group);
  const carrier = new RedisCarrier(program + store.engine.node, store.control, logger);
  const peers = new Peers(carrier, logger, (name) => name.startsWith(program));
  return {
    nodes: peers,
    servers: 1,
    openStore: () => store,
    failed: store.outdated,
    ready(broker) {
      elsewhere.share(broker, peers);
      compareBounds(store, peers, logger);
      store.control.missed = (why) => {
        logger.warn({}, `${MISSED[why]}: this node does not know who was removed, so its streams end`);
        void broker.readmitClients(READMIT_MS);
      };
      peers.join();
    },
    async leave() {
      peers.leave();
      await carrier.leave();
    },
  };
}

/** What the names of a program's nodes begin with: its machine, and its process there. */
function programName(pid: number): string {
  return `${hostname()
    .replace(/[^A-Za-z0-9.-]/g, "")
    .slice(0, MAX_MACHINE_NAME)}-${pid}-`;
}
