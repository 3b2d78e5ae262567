import type { Broker } from "../broker/broker.ts";
import type { Nodes } from "./nodes.ts";

/** Tells the other nodes who has streams at this one, and hears the same of theirs. */
export function sharePresence({ presence }: Broker, nodes: Nodes): void {
  const attendances = nodes.counts("attendances", (key, streams, silentFor) =>
    presence.changedElsewhere(key, streams, silentFor),
  );
  presence.tellOthers = (key, difference) => attendances.add(key, difference);
}
