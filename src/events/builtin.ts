import { type Static, Type } from "@sinclair/typebox";

/**
 * The built-in catalog: the one place from which the static types, the check at run time and
 * `GET /catalog` all come. Additional properties are accepted everywhere.
 */

const count = (description: string) => Type.Integer({ minimum: 0, description });

const RFC_3339 = "^\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([Zz]|[+-]\\d{2}:\\d{2})$";

// The format knows the calendar, the pattern keeps it to RFC 3339: the format alone, as Elysia
// registers it, takes other spellings of a date as well.
const timestamp = Type.String({
  format: "date-time",
  pattern: RFC_3339,
  description: "RFC 3339 date and time",
});

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

export const WidgetRefresh = Type.Object(
  {
    id: Type.String({ description: "The widget to refresh" }),
    title: Type.Optional(Type.String()),
    html: Type.Optional(Type.String({ description: "Its new content, ready to show" })),
    data: Type.Optional(Type.Unknown({ description: "Its new content, to draw" })),
  },
  { description: "A widget has new content" },
);

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

export const NavBadgeUpdate = Type.Object(
  {
    path: Type.String({ description: "The navigation entry" }),
    badge: Type.String({ description: "What to show beside it; empty clears it" }),
  },
  { description: "A navigation badge changes" },
);

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

/** The built-in event types as constants. */
export const EventType = {
  HealthUpdate: "health-update",
  MetricsUpdate: "metrics-update",
  WidgetRefresh: "widget-refresh",
  Notification: "notification",
  NavBadgeUpdate: "nav-badge-update",
  TraceUpdate: "trace-update",
} as const satisfies Record<string, keyof typeof builtinEvents>;

export type BuiltinEvents = typeof builtinEvents;
export type HealthUpdate = Static<typeof HealthUpdate>;
export type MetricsUpdate = Static<typeof MetricsUpdate>;
export type WidgetRefresh = Static<typeof WidgetRefresh>;
export type Notification = Static<typeof Notification>;
export type NavBadgeUpdate = Static<typeof NavBadgeUpdate>;
export type TraceUpdate = Static<typeof TraceUpdate>;
