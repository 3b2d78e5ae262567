import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { topicFault } from "../topics/topic.ts";
import type { BuiltinEvents } from "./builtin.ts";
import { idFault, typeFault } from "./names.ts";
import type { EventSchemas } from "./schema.ts";
import { MAX_VIOLATIONS, type Violation, violations } from "./violation.ts";

/** How many topics one event may have. */
const MAX_TOPICS = 100;
/** How many events one batch may have. */
const MAX_BATCH = 10_000;

const name = { minLength: 1, maxLength: 1024 };
const topic = Type.String({
  ...name,
  description: "1 to 1,024 bytes without control and format characters, and without * at the end",
});

/** An event to publish, before the log has kept it. */
export interface EventInput<Name extends string = string, Data = unknown> {
  /**
   * The event's name, which becomes the SSE `event` field: 1 to 1,024 bytes of UTF-8 without control
   * characters. `connected`, `tidings.…`, `error` and `open` are refused.
   */
  readonly type: Name;
  /** Any JSON value. It travels as JSON text. */
  readonly data: Data;
  /**
   * The topics that it is about, at most 100: each 1 to 1,024 bytes of UTF-8 without control and
   * format characters, and without `*` at the end.
   *
   * @defaultValue none: a broadcast to everyone
   */
  readonly topics?: readonly string[] | undefined;
  /** One topic more. */
  readonly topic?: string | undefined;
  /**
   * Makes publishing the event again harmless: 1 to 1,024 bytes of UTF-8 without control characters.
   *
   * @defaultValue given by the log
   */
  readonly id?: string | undefined;
  /**
   * Tells the event's readers to wait that long before they reconnect, in milliseconds.
   *
   * @defaultValue they wait as they were told before
   */
  readonly retry?: number | undefined;
  /**
   * Whether the event is only for readers who may read the private events of one of its topics.
   *
   * @defaultValue false
   */
  readonly private?: boolean | undefined;
}

/** The data of an event type: by its schema, or any for a type that is not known. The user's schema wins. */
export type DataOf<Events extends EventSchemas, Type extends string> = Type extends keyof Events
  ? Static<Events[Type]>
  : Type extends keyof BuiltinEvents
    ? Static<BuiltinEvents[Type]>
    : unknown;

/** Events of these types, in this order, each with the data of its type. */
export type EventInputs<Events extends EventSchemas, Types extends readonly string[]> = {
  readonly [I in keyof Types]: EventInput<Types[I], DataOf<Events, Types[I]>>;
};

/** An event as a publisher sends it: the body of `POST /publish`. */
export const EventInput = Type.Object(
  {
    type: Type.String({ ...name, description: "Becomes the SSE event field" }),
    data: Type.Unknown({ description: "Any JSON value" }),
    topics: Type.Optional(
      Type.Array(topic, { maxItems: MAX_TOPICS, description: "None: a broadcast to everyone" }),
    ),
    topic: Type.Optional(topic),
    id: Type.Optional(Type.String({ ...name, description: "Makes publishing it again harmless" })),
    retry: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "Tells its readers to wait that many milliseconds before they reconnect",
      }),
    ),
    private: Type.Optional(Type.Boolean({ description: "Only for readers who may read its topics" })),
  },
  // A misspelt `topics` would be a broadcast to everyone, so an unknown property is refused.
  { additionalProperties: false, description: "An event to publish" },
);

/** The body of `POST /publish/batch`: all of them are published, or none. */
export const EventBatch = Type.Array(EventInput, { maxItems: MAX_BATCH });
/** Several events to publish: all of them are kept, or none. */
export type EventBatch = readonly EventInput[];

const eventCheck = TypeCompiler.Compile(EventInput);

/** Whether it is an event that can be published. Its data is checked by the catalog. */
export function isEventInput(value: unknown): value is EventInput {
  return eventCheck.Check(value) && nameFaults(value).length === 0;
}

/** Every place in which it is not an event that can be published. `at` is prefixed to each path. */
export function eventViolations(value: unknown, at = ""): Violation[] {
  return merge(nameFaults(value, at), violations(eventCheck, value, at));
}

/** One violation a path: what the rules of names say is plainer than what the schema says. */
function merge(faults: readonly Violation[], others: readonly Violation[]): Violation[] {
  const paths = new Set(faults.map(({ path }) => path));
  return [...faults, ...others.filter(({ path }) => !paths.has(path))].slice(0, MAX_VIOLATIONS);
}

const NONE: readonly Violation[] = [];

/**
 * What a JSON Schema can't say: names are bounded in bytes, and a private event is for those who may
 * read one of its topics. What has another type than the schema asks for is passed over.
 */
function nameFaults(event: unknown, at = ""): readonly Violation[] {
  if (typeof event !== "object" || event === null) return NONE;
  const {
    type,
    id,
    topic,
    topics,
    private: hidden,
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
  if (hidden === true && list.length === 0 && topic === undefined) {
    found = withFault(found, at, "/topics", "missing: a private event needs a topic");
  }
  return found;
}

/** Nothing is allocated for an event without a fault, as most are. */
function withFault(
  found: readonly Violation[],
  at: string,
  path: string,
  message: string | undefined,
): readonly Violation[] {
  return message === undefined ? found : [...found, { path: at + path, message }];
}
