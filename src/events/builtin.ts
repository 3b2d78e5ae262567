import { type Static, Type } from "@sinclair/typebox";

/**
 * The built-in event types. The static types, the checks at run time and `GET /catalog` all come from
 * here. Additional properties are accepted everywhere.
 *
 * `tidings/events` exports this file. It holds data and types only, so it runs anywhere.
 */

const count = (description: string) => Type.Integer({ minimum: 0, description });

// RFC 3339, section 5.6, and 5.7 for the days that a month has.
const LEAP_YEAR = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
const DAY_OF_ANY_YEAR =
  "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
const HOUR_AND_MINUTE = "(?:[01]\\d|2[0-3]):[0-5]\\d";
const RFC_3339 =
  `^(?:\\d{4}-${DAY_OF_ANY_YEAR}|${LEAP_YEAR}-02-29)` +
  `[Tt]${HOUR_AND_MINUTE}:[0-5]\\d(?:\\.\\d+)?(?:[Zz]|[+-]${HOUR_AND_MINUTE})$`;

// The format describes the string to readers of the schema. Elysia's check of the format is too weak: it
// accepts other spellings of a date, 24:00, and the 30th of February. So the pattern checks.
const timestamp = Type.String({
  format: "date-time",
  pattern: RFC_3339,
  description: "RFC 3339 date and time",
});

/** The schema of {@link EventType}.HealthUpdate. How the services are: `health-update`. */
export const HealthUpdate = Type.Object(
  {
    overall_status: Type.String({ description: "The worst of all services' states, such as healthy" }),
    healthy_count: count("Services that are healthy"),
    total_services: count("Services in all"),
    total_metrics: count("Metrics in all"),
    timestamp,
  },
  { description: "How the services are" },
);

/** The schema of {@link EventType}.MetricsUpdate. How many metrics there are: `metrics-update`. */
export const MetricsUpdate = Type.Object(
  {
    total_metrics: count("Metrics in all"),
    counters: count("Counters among them"),
    gauges: count("Gauges among them"),
    histograms: count("Histograms among them"),
    timestamp,
  },
  { description: "How many metrics there are" },
);

/** The schema of {@link EventType}.WidgetRefresh. A widget has new content: `widget-refresh`. */
export const WidgetRefresh = Type.Object(
  {
    id: Type.String({ description: "The widget to refresh" }),
    title: Type.Optional(Type.String()),
    html: Type.Optional(Type.String({ description: "Its new content, ready to show" })),
    data: Type.Optional(Type.Unknown({ description: "Its new content, to draw" })),
  },
  { description: "A widget has new content" },
);

/** The schema of {@link EventType}.Notification. Something a person should know: `notification`. */
export const Notification = Type.Object(
  {
    id: Type.String(),
    source: Type.String({ description: "Who reports it" }),
    message: Type.String(),
    severity: Type.Union(
      [Type.Literal("info"), Type.Literal("warning"), Type.Literal("error"), Type.Literal("critical")],
      { description: "info, warning, error or critical" },
    ),
    url: Type.Optional(Type.String({ description: "Where to read on" })),
    time: Type.Number({ description: "Unix time in seconds" }),
  },
  { description: "Something a person should know" },
);

/** The schema of {@link EventType}.NavBadgeUpdate. A navigation badge changes: `nav-badge-update`. */
export const NavBadgeUpdate = Type.Object(
  {
    path: Type.String({ description: "The navigation entry" }),
    badge: Type.String({ description: "What to show beside it; empty clears it" }),
  },
  { description: "A navigation badge changes" },
);

/** The schema of {@link EventType}.TraceUpdate. A trace has grown: `trace-update`. */
export const TraceUpdate = Type.Object(
  {
    trace_id: Type.String(),
    span_count: count("Spans the trace has by now"),
  },
  { description: "A trace has grown" },
);

/** The six built-in event types, each with the schema of its data. */
export const builtinEvents = {
  "health-update": HealthUpdate,
  "metrics-update": MetricsUpdate,
  "widget-refresh": WidgetRefresh,
  notification: Notification,
  "nav-badge-update": NavBadgeUpdate,
  "trace-update": TraceUpdate,
} as const;

/**
 * The built-in event types as constants.
 *
 * @example
 * ```ts
 * import { Broker } from "tidings";
 * import { EventType } from "tidings/events";
 * const broker = new Broker();
 * broker.broadcastJSON(EventType.NavBadgeUpdate, { path: "/inbox", badge: "3" });
 * ```
 */
export const EventType = {
  HealthUpdate: "health-update",
  MetricsUpdate: "metrics-update",
  WidgetRefresh: "widget-refresh",
  Notification: "notification",
  NavBadgeUpdate: "nav-badge-update",
  TraceUpdate: "trace-update",
} as const satisfies Record<string, keyof typeof builtinEvents>;

/** The schemas of the built-in event types, by name. */
export type BuiltinEvents = typeof builtinEvents;
/** The data of {@link EventType}.HealthUpdate. How the services are: `health-update`. */
export type HealthUpdate = Static<typeof HealthUpdate>;
/** The data of {@link EventType}.MetricsUpdate. How many metrics there are: `metrics-update`. */
export type MetricsUpdate = Static<typeof MetricsUpdate>;
/** The data of {@link EventType}.WidgetRefresh. A widget has new content: `widget-refresh`. */
export type WidgetRefresh = Static<typeof WidgetRefresh>;
/** The data of {@link EventType}.Notification. Something a person should know: `notification`. */
export type Notification = Static<typeof Notification>;
/** The data of {@link EventType}.NavBadgeUpdate. A navigation badge changes: `nav-badge-update`. */
export type NavBadgeUpdate = Static<typeof NavBadgeUpdate>;
/** The data of {@link EventType}.TraceUpdate. A trace has grown: `trace-update`. */
export type TraceUpdate = Static<typeof TraceUpdate>;
