import { Type } from "@sinclair/typebox";
import type { Store } from "../log/store.ts";
import type { Logger } from "../logger.ts";
import { checker } from "./messages.ts";
import type { Nodes } from "./nodes.ts";

/** By their names, which later versions may add to; null for no bound. */
const checkBounds = checker(Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()])));

/** Says in the log when another node has other bounds: each node lets go of what is past its own, for all. */
export function compareBounds(store: Store, nodes: Nodes, logger: Logger): void {
  const here = boundsOf(store);
  const said = new Set<string>();
  const bounds = nodes.counts("bounds", (key, elsewhere) => {
    if (elsewhere <= 0) return;
    const all = checkBounds(JSON.parse(key));
    const there = Object.fromEntries(
      Object.entries(all).filter(([name, bound]) => name in here && here[name] !== bound),
    );
    const text = JSON.stringify(there);
    if (text === "{}" || said.has(text)) return;
    said.add(text);
    const mine = Object.fromEntries(Object.keys(there).map((name) => [name, here[name]]));
    logger.warn(
      { here: mine, there },
      "another node of this hub has other bounds: the lower ones hold for all",
    );
  });
  bounds.add(JSON.stringify(here), 1);
}

function boundsOf({ bounds: { events, bytes, age }, current, ended }: Store): Record<string, number | null> {
  const all = {
    ...{ history_events: events, history_bytes: bytes, history_age_ms: age },
    ...{ retain_values: current?.bounds.values, retain_bytes: current?.bounds.bytes },
    ended_topics: ended?.most,
  };
  const finite = (bound?: number): number | null => (Number.isFinite(bound) ? Number(bound) : null);
  return Object.fromEntries(Object.entries(all).map(([name, bound]) => [name, finite(bound)]));
}
