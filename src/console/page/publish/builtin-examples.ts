/** Data of each built-in type that looks like something on the dashboard, as if it were measured now. */
export const builtinExamples: Readonly<Record<string, () => Readonly<Record<string, unknown>>>> = {
  "health-update": () => ({
    overall_status: "degraded",
    healthy_count: 3,
    total_services: 4,
    total_metrics: 12,
    timestamp: new Date().toISOString(),
  }),
  "metrics-update": () => ({
    total_metrics: 12,
    counters: 7,
    gauges: 4,
    histograms: 1,
    timestamp: new Date().toISOString(),
  }),
  "widget-refresh": () => ({
    id: "queue",
    title: "Orders in the queue",
    data: [12, 9, 14, 22, 17, 8, 6, 11],
  }),
  notification: () => ({
    id: crypto.randomUUID(),
    source: "billing",
    message: "Invoice 7 is overdue",
    severity: "warning",
    time: Math.floor(Date.now() / 1000),
  }),
  "nav-badge-update": () => ({ path: "/inbox", badge: "3" }),
  "trace-update": () => ({ trace_id: "4bf92f3577b34da6", span_count: 12 }),
};
