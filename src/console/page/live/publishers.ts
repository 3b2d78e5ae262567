/** A publisher, and how many events it has published since its node began. */
export interface Publisher {
  readonly name: string;
  readonly events: number;
}

const LINE = /^tidings_publisher_events_total\{publisher="((?:[^"\\]|\\.)*)"\} (\d+)/gm;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n" };

/** The publishers in the answer of `GET /metrics` (Prometheus' text format), the busiest first. */
export function publishersIn(metrics: string): Publisher[] {
  return Array.from(metrics.matchAll(LINE), ([, name = "", events]) => ({
    name: name.replace(/\\(.)/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped),
    events: Number(events),
  })).sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1));
}
