import { type Static, Type } from "@sinclair/typebox";

/** One process of a hub that has several. */
const NodeFigures = Type.Object({
  name: Type.String({
    description: "The number of a worker; where Redis has the log, its machine and a word of its own",
  }),
  state: Type.String({
    description: "active; stopping; where Redis has the log, also away or recovering, as it finds Redis",
  }),
  life: Type.Optional(
    Type.Integer({ description: "The number of the log's life that it knows, where Redis has the log" }),
  ),
  pid: Type.Integer(),
  version: Type.String(),
  connected_clients: Type.Integer(),
  uptime_seconds: Type.Integer(),
  memory: Type.Integer({ description: "Its resident memory, in bytes" }),
  lag: Type.Integer({ description: "How many events it has yet to be told of" }),
});

/** How the engine is doing that keeps the log for many nodes. */
const Engine = Type.Object({
  state: Type.String({
    description: "open; recovering: the nodes put back what it has lost; away: it can't be used",
  }),
  reason: Type.Union([Type.String(), Type.Null()], { description: "Why it is away" }),
  host: Type.Union([Type.String(), Type.Null()], { description: "The server that this node uses" }),
  node: Type.String({ description: "This node's name in the log" }),
  life: Type.Union([Type.Object({ number: Type.Integer(), word: Type.String() }), Type.Null()], {
    description: "The life that the log is in: a new one begins when the engine may have lost events",
  }),
  lag: Type.Integer({ description: "How many events this node is behind the engine" }),
  append_seconds: Type.Number({ description: "How long the last append took" }),
  put_back: Type.Integer({ description: "How many appends this node has put back" }),
  lost: Type.Integer({ description: "How many events this node had delivered, and were lost" }),
  durability: Type.String({ description: "What it promises, in one line" }),
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
    events: Type.Integer({ description: "How many events are held" }),
    bytes: Type.Integer({ description: "What the events cost to hold, in bytes" }),
    bounds: Type.Object({
      events: Type.Integer(),
      bytes: Type.Number(),
      age: Type.Union([Type.Number(), Type.Null()], { description: "Milliseconds; null for any age" }),
    }),
    earliest: Type.Union([Type.String(), Type.Null()], {
      description: "The place of the oldest event that is held",
    }),
    failing: Type.Boolean(),
    current: Type.Optional(
      Type.Object(
        {
          values: Type.Integer({ description: "How many there are" }),
          bytes: Type.Integer({ description: "What their events cost to hold, in bytes" }),
          dropped: Type.Integer({ description: "How many have gone because a bound was passed" }),
          bounds: Type.Object({ values: Type.Integer(), bytes: Type.Number() }),
        },
        { description: "The current values, where the store keeps them" },
      ),
    ),
    ended: Type.Optional(
      Type.Object(
        {
          topics: Type.Integer({ description: "How many there are" }),
          dropped: Type.Integer({ description: "How many are open again because the bound was passed" }),
          bound: Type.Integer(),
        },
        { description: "The topics that have ended, where the store knows them" },
      ),
    ),
    engine: Type.Optional(Engine),
  }),
  totals: Type.Object({
    published: Type.Integer({ description: "Events kept and delivered" }),
    delivered: Type.Integer({
      description: "Events written to clients: an event that goes to five clients counts five times",
    }),
    replayed: Type.Integer({
      description: "The part of `delivered` that was read from the log for clients that were behind",
    }),
    bytes: Type.Integer({ description: "Bytes of events written to clients" }),
    connected: Type.Integer({ description: "Clients that have connected" }),
    gaps: Type.Integer({
      description: "How often a client was told that events which it missed are no longer held",
    }),
    blocked: Type.Integer({ description: "How often a client became blocked: its stream was full" }),
    removed: Type.Object(
      {
        disconnected: Type.Integer({ description: "Their readers disconnected" }),
        stalled: Type.Integer({ description: "They stayed blocked for longer than the stall timeout" }),
        rolled_back: Type.Integer({ description: "They had been sent events that the store has lost" }),
        failed: Type.Integer({ description: "A write to them failed" }),
        expired: Type.Integer({
          description:
            "Their token expired, their key was withdrawn, or their stream reached the greatest age",
        }),
        ended: Type.Integer({
          description: "They had all of the topics that they asked for, which have ended",
        }),
        drained: Type.Integer({ description: "The hub stopped" }),
        removed: Type.Integer({ description: "An administrator removed them" }),
      },
      { description: "Clients removed, by reason" },
    ),
  }),
  nodes: Type.Optional(Type.Array(NodeFigures, { description: "The nodes, where there are several" })),
  silent: Type.Optional(
    Type.Array(Type.String(), {
      description: "Nodes that did not answer within a second: the figures are without theirs",
    }),
  ),
});

export type Status = Static<typeof Status>;
