import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { topicFault } from "../topics/topic.ts";
import type { BuiltinEvents } from "./builtin.ts";
import { PublishedId, PublishedType, Topic } from "./name-schemas.ts";
import { idFault, typeFault } from "./names.ts";
import type { EventSchemas } from "./schema.ts";
import { MAX_VIOLATIONS, type Violation, violations } from "./violation.ts";

/** The most topics of one event. */
export const MAX_TOPICS = 100;
/** The most events of one batch. */
const MAX_BATCH = 10_000;

/** An event to publish. */
export interface EventInput<Name extends string = string, Data = unknown> {
  /**
   * The event's name, which becomes the SSE `event` field: 1 to 1,024 bytes of UTF-8 without control
   * characters. `connected`, `tidings.…`, `error` and `open` are refused.
   */
  readonly type: Name;
  /** Any JSON value. It travels as JSON text. */
  readonly data: Data;
  /**
   * The topics of the event, at most 100. Each is 1 to 1,024 bytes of UTF-8, without control and format
   * characters, and does not end in `*`.
   *
   * @defaultValue none: a broadcast to everyone
   */
  readonly topics?: readonly string[] | undefined;
  /**
   * One topic, added to `topics`.
   *
   * @defaultValue none
   */
  readonly topic?: string | undefined;
  /**
   * The id of the event: 1 to 1,024 bytes of UTF-8 without control characters. An event with an id can be
   * published again without harm: it is delivered once.
   *
   * @defaultValue the hub gives one
   */
  readonly id?: string | undefined;
  /**
   * The reconnection time that the readers of the event are told, in milliseconds.
   *
   * @defaultValue none: the reconnection time does not change
   */
  readonly retry?: number | undefined;
  /**
   * Whether only readers who may read the private events of one of its topics get the event.
   *
   * @defaultValue false
   */
  readonly private?: boolean | undefined;
  /**
   * Whether the event becomes the current value of its type on each of its topics; on no topic, of its type.
   * New readers are sent the current values first, even if the history no longer holds them.
   *
   * @defaultValue false
   */
  readonly retain?: boolean | undefined;
  /**
   * Whether the event is the last of its topics. What is published there later is refused, and streams that ask
   * for ended topics alone end.
   *
   * @defaultValue false
   */
  readonly end?: boolean | undefined;
}

/** The type of the data of an event type; unknown for an event type outside the catalog. */
export type DataOf<Events extends EventSchemas, Type extends string> = Type extends keyof Events
  ? Static<Events[Type]>
  : Type extends keyof BuiltinEvents
    ? Static<BuiltinEvents[Type]>
    : unknown;

/** The events of a batch with these types, in this order, each with the data of its type. */
export type EventInputs<Events extends EventSchemas, Types extends readonly string[]> = {
  readonly [I in keyof Types]: EventInput<Types[I], DataOf<Events, Types[I]>>;
};

/** An event as a publisher sends it: the body of `POST /publish`. */
export const EventInput = Type.Object(
  {
    type: PublishedType,
    data: Type.Unknown({ description: "Any JSON value" }),
    topics: Type.Optional(
      Type.Array(Topic, { maxItems: MAX_TOPICS, description: "None: a broadcast to everyone" }),
    ),
    topic: Type.Optional(Topic),
    id: Type.Optional(PublishedId),
    retry: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "The reconnection time that its readers are told, in milliseconds",
      }),
    ),
    private: Type.Optional(
      Type.Boolean({ description: "Only for readers who may read the private events of one of its topics" }),
    ),
    retain: Type.Optional(
      Type.Boolean({
        description:
          "It becomes the current value of its type on its topics, which new readers are sent first",
      }),
    ),
    end: Type.Optional(
      Type.Boolean({
        description: "It is the last event of its topics: streams that ask for ended topics alone end",
      }),
    ),
  },
  // Unknown properties are refused, because a misspelt `topics` would be a broadcast to everyone.
  {
    additionalProperties: false,
    description: "An event to publish",
    // As `allOf` in name-schemas.ts.
    anyOf: [
      { properties: { private: { const: false }, end: { const: false } } },
      { required: ["topic"] },
      { required: ["topics"], properties: { topics: { minItems: 1 } } },
    ],
  },
);

/** The body of `POST /publish/batch`: all of them are published, or none. */
export const EventBatch = Type.Array(EventInput, { maxItems: MAX_BATCH });
/** Several events to publish: all of them are kept, or none. */
export type EventBatch = readonly EventInput[];

const eventCheck = TypeCompiler.Compile(EventInput);

/** Whether a value is an event that can be published. The catalog checks its data. */
export function isEventInput(value: unknown): value is EventInput {
  return eventCheck.Check(value) && nameFaults(value).length === 0;
}

/** The violations of a value that is no event to publish. `at` is prefixed to each path. */
export function eventViolations(value: unknown, at = ""): Violation[] {
  return merge(nameFaults(value, at), violations(eventCheck, value, at));
}

/** Keeps one violation for each path: the rules of names explain more than the schema does. */
function merge(faults: readonly Violation[], others: readonly Violation[]): Violation[] {
  const paths = new Set(faults.map(({ path }) => path));
  return [...faults, ...others.filter(({ path }) => !paths.has(path))].slice(0, MAX_VIOLATIONS);
}

const NONE: readonly Violation[] = [];

/**
 * Checks the rules that a JSON Schema can't express: names are bounded in bytes, and some events need
 * a topic. Values of a wrong type are left to the schema.
 */
function nameFaults(event: unknown, at = ""): readonly Violation[] {
  if (typeof event !== "object" || event === null) return NONE;
  const {
    type,
    id,
    topic,
    topics,
    private: hidden,
    end,
  }: { readonly [Key in keyof EventInput]?: unknown } = event;
  let found = NONE;
  found = withFault(found, at, "/type", typeof type === "string" ? typeFault(type) : undefined);
  found = withFault(found, at, "/id", typeof id === "string" ? idFault(id) : undefined);
  found = withFault(found, at, "/topic", typeof topic === "string" ? topicFault(topic) : undefined);
  const list: readonly unknown[] = Array.isArray(topics) ? topics : [];
  for (let i = 0; i < Math.min(list.length, MAX_TOPICS); i++) {
    const one = list[i];
    const fault = typeof one === "string" ? topicFault(one) : undefined;
    if (fault !== undefined) found = withFault(found, at, `/topics/${i}`, fault);
  }
  if ((hidden === true || end === true) && list.length === 0 && topic === undefined) {
    const needing = hidden === true ? "a private event" : "an event that ends its topics";
    found = withFault(found, at, "/topics", `missing: ${needing} needs a topic`);
  }
  return found;
}

/** Allocates nothing for an event without a fault. */
function withFault(
  found: readonly Violation[],
  at: string,
  path: string,
  message: string | undefined,
): readonly Violation[] {
  return message === undefined ? found : [...found, { path: at + path, message }];
}
