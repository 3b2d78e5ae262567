import { KindGuard, type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";

/** Processes that say another number at the beginning do not understand each other. */
export const PROTOCOL = 1;

const Id = Type.Integer({ minimum: 0 });
const Position = Type.Integer({ minimum: 0 });
const Lengths = Type.Array(Type.Integer({ minimum: 0 }));

/** How much the store holds. */
const Holdings = Type.Object({
  count: Type.Integer(),
  bytes: Type.Integer(),
  earliest: Type.Optional(Position),
  /** The position of the oldest event that is current, or of the next event; and how many values have gone. */
  current: Type.Optional(Type.Object({ first: Position, dropped: Type.Integer() })),
});
export type Holdings = Static<typeof Holdings>;

/** The end of a topic: the topic, the position of its last event, and whether that is private. */
const End = Type.Tuple([Type.String(), Position, Type.Boolean()]);

/** What a node says to the owner of the log. Requests have an id, which their reply repeats. */
export const ToOwner = {
  /** The first of all. */
  hello: Type.Object({
    type: Type.Literal("hello"),
    protocol: Type.Integer(),
    version: Type.String(),
    node: Type.String(),
  }),
  /** The body has the drafts of all batches, one after the other. */
  append: Type.Object({ type: Type.Literal("append"), id: Id, sizes: Lengths }),
  read: Type.Object({
    type: Type.Literal("read"),
    id: Id,
    after: Position,
    limit: Type.Integer({ minimum: 1 }),
    topics: Type.Optional(Type.Array(Type.String())),
  }),
  /** The first event of an id after those that the node has seen and refused. */
  locate: Type.Object({ type: Type.Literal("locate"), id: Id, cursor: Type.String(), after: Position }),
  erase: Type.Object({ type: Type.Literal("erase"), id: Id, position: Position }),
  openTopic: Type.Object({ type: Type.Literal("openTopic"), id: Id, topic: Type.String() }),
  /** The current values after a position, up to another. */
  current: Type.Object({ type: Type.Literal("current"), id: Id, after: Position, upTo: Position }),
  /** Clears the current value of a type and a topic, or of the type on none. */
  clear: Type.Object({
    type: Type.Literal("clear"),
    id: Id,
    of: Type.String(),
    topic: Type.Optional(Type.String()),
  }),
  backup: Type.Object({ type: Type.Literal("backup"), id: Id, path: Type.String() }),
  /** The body is for all other nodes, or for one. */
  tell: Type.Object({ type: Type.Literal("tell"), to: Type.Optional(Type.String()) }),
} as const;

/** What the owner of the log says to a node. */
export const ToNode = {
  /** The answer to `hello`. */
  start: Type.Object({
    type: Type.Literal("start"),
    protocol: Type.Integer(),
    version: Type.String(),
    store: Type.String(),
    /** The file that the store is in, if it is in one. */
    path: Type.Optional(Type.String()),
    /** Whether the store can. */
    erases: Type.Boolean(),
    backsUp: Type.Boolean(),
    /** The bounds of the current values, if it has any. */
    current: Type.Optional(Type.Object({ values: Type.Number(), bytes: Type.Number() })),
    /** Null for no bound. */
    bounds: Type.Object({
      events: Type.Union([Type.Number(), Type.Null()]),
      bytes: Type.Union([Type.Number(), Type.Null()]),
      age: Type.Union([Type.Number(), Type.Null()]),
    }),
    head: Position,
    lives: Type.Array(Type.Object({ word: Type.String(), first: Position }), { minItems: 1 }),
    holdings: Holdings,
    /** The ended topics, oldest first, where the store knows them, and how many there can be. */
    ended: Type.Optional(Type.Object({ most: Type.Integer(), ends: Type.Array(End) })),
    failing: Type.Optional(Type.String()),
  }),
  /** The body has blocks, one after the other: what has just been kept. */
  kept: Type.Object({ type: Type.Literal("kept"), holdings: Holdings, lengths: Lengths }),
  /** All that the node appended with a request has been kept, one after the other: that is the answer. */
  appended: Type.Object({
    type: Type.Literal("appended"),
    id: Id,
    word: Type.String(),
    first: Position,
    keptAt: Type.Integer(),
    holdings: Holdings,
  }),
  /** The same of another node. The body has the drafts, as that one sent them. */
  passed: Type.Object({
    type: Type.Literal("passed"),
    word: Type.String(),
    first: Position,
    count: Type.Integer({ minimum: 1 }),
    keptAt: Type.Integer(),
    holdings: Holdings,
  }),
  /** What the store holds has changed without an event. */
  holds: Type.Object({ type: Type.Literal("holds"), holdings: Holdings }),
  rolledBack: Type.Object({ type: Type.Literal("rolledBack"), to: Position }),
  erased: Type.Object({ type: Type.Literal("erased"), position: Position }),
  /** Topics have ended. It comes before their last events, which a node that is behind is told later. */
  ended: Type.Object({ type: Type.Literal("ended"), ends: Type.Array(End) }),
  opened: Type.Object({ type: Type.Literal("opened"), topic: Type.String() }),
  /** A current value is cleared: events up to the position do not set it. */
  cleared: Type.Object({
    type: Type.Literal("cleared"),
    at: Position,
    of: Type.String(),
    topic: Type.Optional(Type.String()),
  }),
  failed: Type.Object({ type: Type.Literal("failed"), reason: Type.String() }),
  works: Type.Object({ type: Type.Literal("works") }),
  /** The node is so far behind that what it lacks is no longer held. */
  lost: Type.Object({ type: Type.Literal("lost") }),
  reply: Type.Object({
    type: Type.Literal("reply"),
    id: Id,
    value: Type.Optional(Type.Unknown()),
    lengths: Type.Optional(Lengths),
    error: Type.Optional(Type.String()),
  }),
  /** The body is from another node. */
  told: Type.Object({ type: Type.Literal("told"), from: Type.String() }),
  /** The nodes that there are now. */
  nodes: Type.Object({ type: Type.Literal("nodes"), names: Type.Array(Type.String()) }),
} as const;

type Messages<Schemas extends Readonly<Record<string, TSchema>>> = {
  readonly [Name in keyof Schemas]: Static<Schemas[Name]>;
};
export type ToOwner = Messages<typeof ToOwner>;
export type ToNode = Messages<typeof ToNode>;
export type OwnerMessage = ToOwner[keyof ToOwner];
export type NodeMessage = ToNode[keyof ToNode];

/** What a request is answered with, by its type; an append, if all of it was kept, by {@link ToNode.appended}. */
export const Replies = {
  /**
   * For each batch its receipts (position, id, recipients, whether it is a duplicate), or the id in
   * conflict, or the topic that has ended. An id that the log gave is null: it is the event's place.
   */
  append: Type.Array(
    Type.Union([
      Type.Array(
        Type.Tuple([Position, Type.Union([Type.String(), Type.Null()]), Type.Integer(), Type.Boolean()]),
      ),
      Type.Object({ conflict: Type.String() }),
      Type.Object({ ended: Type.String() }),
    ]),
  ),
  /** The blocks are in the body. */
  read: Type.Object({
    upTo: Position,
    missing: Type.Optional(Type.Object({ from: Position, to: Position })),
  }),
  locate: Type.Object({
    position: Type.Optional(Position),
    topics: Type.Array(Type.String()),
    private: Type.Boolean(),
    erased: Type.Boolean(),
  }),
  erase: Type.Boolean(),
  openTopic: Type.Boolean(),
  /** The blocks are in the body; for each event the topics that it is current on. */
  current: Type.Object({ upTo: Position, topics: Type.Array(Type.Array(Type.String())) }),
  clear: Type.Boolean(),
  backup: Type.Null(),
} as const;
export type Replies = Messages<typeof Replies>;

/** How strictly something is checked. */
export interface Checking {
  /**
   * Whether objects, and objects in them, may have no members but those that are known.
   *
   * @defaultValue false
   */
  readonly exact?: boolean;
}

/** Checks what comes from another process. @throws TypeError when it is not that. */
export function checker<Schema extends TSchema>(
  schema: Schema,
  { exact = false }: Checking = {},
): (value: unknown) => Static<Schema> {
  const check = TypeCompiler.Compile(exact ? exactly(schema) : schema);
  return (value) => {
    if (check.Check(value)) return value;
    const error = check.Errors(value).First();
    throw new TypeError(`a message that is none: ${error?.path || "all of it"}: ${error?.message}`);
  };
}

/** The same for messages of several types. */
export function messageChecker<Schemas extends Readonly<Record<string, TSchema>>>(
  schemas: Schemas,
  checking: Checking = {},
): (value: unknown) => Static<Schemas[keyof Schemas]> {
  const checks = new Map(Object.entries(schemas).map(([type, schema]) => [type, checker(schema, checking)]));
  return (value) => {
    const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    const check = typeof type === "string" ? checks.get(type) : undefined;
    if (!check) throw new TypeError(`a message of a type that is not known: ${String(type)}`);
    return check(value) as Static<Schemas[keyof Schemas]>;
  };
}

/** The schema whose objects have no other members. What may be anything stays so. */
function exactly<Schema extends TSchema>(schema: Schema): Schema {
  if (!KindGuard.IsObject(schema)) return schema;
  const properties = Object.entries(schema.properties).map(([name, of]) => [name, exactly(of)]);
  return { ...schema, properties: Object.fromEntries(properties), additionalProperties: false };
}
