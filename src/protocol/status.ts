import { type Static, Type } from "@sinclair/typebox";

/** One process of a hub that has several. */
const NodeFigures = Type.Object({
  name: Type.String({ description: "The number of a worker" }),
  pid: Type.Integer(),
  version: Type.String(),
  connected_clients: Type.Integer(),
  uptime_seconds: Type.Integer(),
  memory: Type.Integer({ description: "Its resident memory, in bytes" }),
  lag: Type.Integer({ description: "How many events it has yet to be told of" }),
});

/** How a hub is: the answer of `GET /status`, and what the console shows. */
export const Status = Type.Object({
  status: Type.String({ description: "active or stopping" }),
  connected_clients: Type.Integer(),
  version: Type.String(),
  uptime_seconds: Type.Integer(),
  memory: Type.Integer({ description: "The resident memory of all that serve, in bytes" }),
  store: Type.Object({
    name: Type.String(),
    events: Type.Integer({ description: "How many are held" }),
    bytes: Type.Integer({ description: "What they cost to hold" }),
    bounds: Type.Object({
      events: Type.Integer(),
      bytes: Type.Number(),
      age: Type.Union([Type.Number(), Type.Null()], { description: "Milliseconds; null for any age" }),
    }),
    earliest: Type.Union([Type.String(), Type.Null()], { description: "The place of the oldest" }),
    failing: Type.Boolean(),
  }),
  totals: Type.Object({
    published: Type.Integer({ description: "Events kept and delivered" }),
    delivered: Type.Integer({
      description: "Events written to clients, each as often as there were clients for it",
    }),
    replayed: Type.Integer({ description: "Those among them that were read back from the log" }),
    bytes: Type.Integer({ description: "Bytes of events written to clients" }),
    connected: Type.Integer({ description: "Clients that ever were" }),
    gaps: Type.Integer({
      description: "How often a client was told that events which it has not had are gone",
    }),
    stalls: Type.Integer({ description: "How often a client's stream was found full" }),
    removed: Type.Object(
      {
        disconnected: Type.Integer({ description: "Their readers left" }),
        stalled: Type.Integer({ description: "Their streams took no bytes for too long" }),
        rolled_back: Type.Integer({ description: "They had been sent events that the store has lost" }),
        failed: Type.Integer({ description: "Writing to them failed" }),
        expired: Type.Integer({ description: "Their credentials expired" }),
        drained: Type.Integer({ description: "The hub stopped" }),
        removed: Type.Integer({ description: "An administrator removed them" }),
      },
      { description: "Clients removed, by reason" },
    ),
  }),
  nodes: Type.Optional(Type.Array(NodeFigures, { description: "The workers, where there are several" })),
  silent: Type.Optional(
    Type.Array(Type.String(), {
      description: "Workers that did not answer within a second: the figures are without theirs",
    }),
  ),
});

export type Status = Static<typeof Status>;
