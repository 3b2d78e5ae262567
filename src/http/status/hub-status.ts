import { Type } from "@sinclair/typebox";
import type { Broker } from "../../broker/broker.ts";
import { statusOf } from "../../broker/status.ts";
import type { Awaitable } from "../../log/store.ts";
import type { Answers, Nodes } from "../../nodes/nodes.ts";
import { Status } from "../../protocol/status.ts";

/** How the hub is at this moment. */
export type StatusOf = () => Awaitable<Status>;

const { totals } = Status.properties;
/** Nodes of an earlier version do not count all that this one does. */
const NodeTotals = Type.Composite([
  Type.Partial(Type.Omit(totals, ["removed"])),
  Type.Object({ removed: Type.Partial(totals.properties.removed) }),
]);
type NodeTotals = typeof NodeTotals.static;

/** A node's own, and where it stands in the log. */
const NodeStatus = Type.Composite([
  Type.Omit(Status, ["nodes", "silent", "totals"]),
  Type.Object({ totals: NodeTotals }),
  Type.Object({ pid: Type.Integer(), head: Type.Integer() }),
]);
type NodeStatus = typeof NodeStatus.static;

/** Adds up how the hub's nodes are. */
export function hubStatus(broker: Broker, nodes: Nodes): StatusOf {
  const here = (): NodeStatus => ({ ...statusOf(broker), pid: process.pid, head: broker.log.head });
  const question = nodes.question("status", { asked: Type.Null(), answered: NodeStatus }, here);
  return () => {
    const answers = question.ask(null);
    return answers instanceof Promise ? answers.then(merged) : merged(answers);
  };
}

function merged({ answers, silent }: Answers<NodeStatus>): Status {
  const all = answers.map(({ answer }) => answer);
  const [here] = all;
  if (!here) throw new Error("a hub without a node");
  const { pid: _, head: __, ...status } = here;
  const nodes = figuresOf(answers);
  return {
    ...status,
    connected_clients: sum(all.map((one) => one.connected_clients)),
    uptime_seconds: Math.max(...all.map((one) => one.uptime_seconds)),
    memory: sum(all.map((one) => one.memory)),
    totals: totalsOf(all.map(({ totals }) => totals)),
    ...(nodes.length > 0 && { nodes }),
    ...(silent.length > 0 && { silent: [...silent] }),
  };
}

type Totals = Status["totals"];

function totalsOf(all: readonly NodeTotals[]): Totals {
  const add = (pick: (totals: NodeTotals) => number | undefined) => sum(all.map((one) => pick(one) ?? 0));
  return {
    // Each node counts all that was kept since it began.
    published: Math.max(...all.map(({ published = 0 }) => published)),
    delivered: add(({ delivered }) => delivered),
    replayed: add(({ replayed }) => replayed),
    bytes: add(({ bytes }) => bytes),
    connected: add(({ connected }) => connected),
    gaps: add(({ gaps }) => gaps),
    blocked: add(({ blocked }) => blocked),
    removed: {
      disconnected: add(({ removed }) => removed.disconnected),
      stalled: add(({ removed }) => removed.stalled),
      rolled_back: add(({ removed }) => removed.rolled_back),
      failed: add(({ removed }) => removed.failed),
      expired: add(({ removed }) => removed.expired),
      ended: add(({ removed }) => removed.ended),
      drained: add(({ removed }) => removed.drained),
      removed: add(({ removed }) => removed.removed),
    },
  };
}

/** Each of several nodes by itself. */
function figuresOf(answers: Answers<NodeStatus>["answers"]): NonNullable<Status["nodes"]> {
  const head = Math.max(...answers.map(({ answer }) => answer.head));
  const figures = answers.flatMap(({ node: name, answer }) => {
    if (name === undefined) return [];
    const { pid, version, connected_clients, uptime_seconds, memory, store } = answer;
    const life = store.engine?.life?.number;
    return {
      ...{ name, state: stateOf(answer), ...(life !== undefined && { life }) },
      ...{ pid, version, connected_clients, uptime_seconds, memory, lag: head - answer.head },
    };
  });
  return figures.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

function stateOf({ status, store: { engine } }: NodeStatus): string {
  return status === "active" && engine && engine.state !== "open" ? engine.state : status;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
