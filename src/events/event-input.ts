import { type Static, Type } from "@sinclair/typebox";
// For the formats below, which it registers.
import "./names.ts";

/** How many topics one event may have. */
const MAX_TOPICS = 100;
/** How many events one batch may have. */
const MAX_BATCH = 10_000;

const topic = Type.String({ format: "topic", description: "1 to 1,024 bytes, no control characters" });

/** An event as a publisher sends it: the body of `POST /publish`. */
export const EventInput = Type.Object(
  {
    type: Type.String({ format: "event-type", description: "Becomes the SSE event field" }),
    data: Type.Unknown({ description: "Any JSON value" }),
    topics: Type.Optional(
      Type.Array(topic, { maxItems: MAX_TOPICS, description: "None: a broadcast to everyone" }),
    ),
    topic: Type.Optional(topic),
    id: Type.Optional(Type.String({ format: "event-id", description: "Makes publishing it again harmless" })),
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

export type EventInput = Static<typeof EventInput>;
export type EventBatch = Static<typeof EventBatch>;
