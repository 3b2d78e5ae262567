import { type TSchema, Type } from "@sinclair/typebox";
import { HubEvent, type HubEventData } from "../../protocol/hub-events.ts";
import { named, plain } from "./components.ts";
import { type Answer, sequence } from "./operation.ts";
import { RETRY_AFTER } from "./response-headers.ts";

function subjects(description: string) {
  return Type.Object(
    {
      topic: Type.String({ description: "The topic or pattern as the client asked for it; `*` for all" }),
      subjects: Type.Array(Type.String(), { description: "Subjects of tokens, at most 100" }),
      more: Type.Integer({ description: "How many there are besides" }),
    },
    { description },
  );
}

/** The data of each hub event, and what the event says. */
const HUB_EVENTS: { readonly [Name in HubEvent]: TSchema & { readonly static: HubEventData[Name] } } = {
  [HubEvent.connected]: Type.Object(
    { client_id: Type.String(), status: Type.Literal("connected") },
    { description: "The first of every stream. Its id is the place where the stream begins" },
  ),
  [HubEvent.current]: Type.Object(
    { count: Type.Integer({ description: "How many current values the client has been sent" }) },
    {
      description:
        "The events before it were current values, without ids: the newest of each type and topic that was published with `retain`. Sent without a last event id or after a gap, where the hub has any",
    },
  ),
  [HubEvent.resumed]: Type.Object(
    {
      from: Type.String({ description: "The last event id with which the client came" }),
      count: Type.Integer({ description: "How many events it has been sent since" }),
    },
    { description: "The client has been sent all that it missed" },
  ),
  [HubEvent.gap]: Type.Object(
    {
      requested: Type.String({
        description: "The last event id with which the client came, or the place up to which it has all",
      }),
      earliest: Type.Union([Type.String(), Type.Null()], {
        description: "The place of the oldest event after the gap; null when there is none yet",
      }),
    },
    {
      description: "Events are missing here, since they are no longer held. It can come anywhere in a stream",
    },
  ),
  [HubEvent.position]: Type.Object(
    {},
    { description: "Nothing more than an id: up to this place there was nothing for the client" },
  ),
  [HubEvent.alive]: Type.Object(
    {},
    { description: "A keep-alive, for clients that asked for `keepalive=event`; others are sent a comment" },
  ),
  [HubEvent.present]: subjects(
    "Who reads a topic now: one event for each topic, for clients that asked for `presence`. Another one takes its place, after the client's stream was full",
  ),
  [HubEvent.joined]: subjects("Who has come since, at most each 100 ms"),
  [HubEvent.left]: subjects("Who has left: its last stream has ended, and ten seconds are over"),
  [HubEvent.busy]: Type.Object(
    {
      reason: Type.String({ description: "The type of the problem that anyone else would be told of" }),
      retry_after: Type.Integer({ description: "When to come back, in seconds" }),
    },
    { description: "The hub has no room for the client now; the stream ends" },
  ),
};

const names = Object.keys(HUB_EVENTS);

function ofType(event: object, data: object) {
  return { properties: { event, data: { contentMediaType: "application/json", contentSchema: data } } };
}

/** One event of a stream, as its fields are. */
const StreamEvent = named("schemas", "StreamEvent", {
  type: "object",
  properties: {
    id: { type: "string", description: "Becomes the client's last event id" },
    event: { type: "string", description: "The event's type; without it `message`" },
    data: { type: "string", description: "JSON text, or with `format=text` a string as it is" },
    retry: {
      type: "integer",
      minimum: 0,
      description: "How long to wait before coming back, in milliseconds",
    },
  },
  anyOf: [
    { title: "A published event", properties: { event: { not: { enum: names } } } },
    ...Object.entries(HUB_EVENTS).map(([name, data]) => ({
      title: name,
      required: ["event", "data"],
      ...ofType({ const: name }, plain(data)),
    })),
  ],
});

const NOW = `retry: 3000
id: bcdfghjkmnpq-11
event: connected
data: {"client_id":"4dd2f0a1-6d0c-4bb6-9d21-1a4b8d5a0c55","status":"connected"}

id: order-7-shipped
event: order-shipped
data: {"order":7}

: keepalive
`;

const ENVELOPE = `id: order-7-shipped
event: order-shipped
data: {"id":"order-7-shipped","type":"order-shipped","topics":["orders/7"],"time":"2026-01-31T09:30:00.000Z","data":{"order":7}}

`;

const TEXT = `retry: 3000
id: bcdfghjkmnpq-11

id: bcdfghjkmnpq-12
event: token
data: Hello

`;

const BUSY = `retry: 12345
event: tidings.busy
data: {"reason":"full","retry_after":13}

`;

const list = Object.entries(HUB_EVENTS).map(([name, { description }]) => `- \`${name}\`: ${description}.`);

/** The 200 of an event stream, as the interface's description (OpenAPI) has it. */
export const EVENT_STREAM: Answer = {
  description: `The stream. Published events come each once, in one order that all clients share, and between them the hub's own:
${list.join("\n")}

Where \`Accept\` names \`text/event-stream\`, a 429 or 5xx is a 200 with \`Retry-After\` and \`${HubEvent.busy}\` instead,
since an EventSource gives up for good at any other status. 400, 401 and 403 keep their status.`,
  headers: {
    "Retry-After": RETRY_AFTER,
    "Cache-Control": {
      description: "No proxy may keep or change it",
      schema: { type: "string", const: "no-cache, no-transform" },
    },
  },
  content: sequence("text/event-stream", StreamEvent, {
    "an event": NOW,
    "format=envelope": ENVELOPE,
    "format=text": TEXT,
    "no room now": BUSY,
  }),
};
