import { signal } from "@preact/signals";
import type { PastFigures, Tick } from "../../../protocol/console-feed.ts";

/** How many seconds the charts reach back. */
export const CHART_SECONDS = 900;

/** The figures over time, a column each, as uPlot takes them; null where they are not known. */
export interface Series {
  /** Unix seconds. */
  readonly time: number[];
  readonly published: (number | null)[];
  readonly delivered: (number | null)[];
  readonly clients: (number | null)[];
  /** Milliseconds. */
  readonly latency: (number | null)[];
  /** Bytes. */
  readonly memory: (number | null)[];
}

export type FigureName = Exclude<keyof Series, "time">;

/** The charts' data. */
class Figures {
  readonly series: Series = { time: [], published: [], delivered: [], clients: [], latency: [], memory: [] };
  /** Changes whenever the series have. */
  readonly changed = signal(0);

  /** Begins with what the hub has kept of the time before. */
  begin(past: PastFigures): void {
    // A connection that was lost and is back has shown the same.
    if (this.series.time.length > 0) return;
    for (const { time, ...values } of past) this.#push(time / 1000, values);
    this.changed.value++;
  }

  add(now: Tick, before: Tick | undefined): void {
    // The first tick has no rates. What the hub has kept of the time before goes on with the next.
    if (!before && this.series.time.length > 0) return;
    const seconds = before ? (now.now - before.now) / 1000 : 0;
    const restarted = before !== undefined && now.status.uptime_seconds < before.status.uptime_seconds;
    const rate = (total: "published" | "delivered") =>
      before && !restarted && seconds > 0
        ? Math.max(0, (now.status.totals[total] - before.status.totals[total]) / seconds)
        : null;
    // Between a lost connection and this there is nothing to draw a line through.
    if (before && (restarted || seconds > 3)) this.#push(before.now / 1000 + 1, {});
    this.#push(now.now / 1000, {
      published: rate("published"),
      delivered: rate("delivered"),
      clients: now.status.connected_clients,
      latency: now.latency?.mean ?? null,
      memory: now.status.memory,
    });
    this.changed.value++;
  }

  /** How many seconds the charts show by now. */
  get span(): number {
    const { time } = this.series;
    return Math.round((time.at(-1) ?? 0) - (time[0] ?? 0));
  }

  /** The newest value; null when it is not known. */
  last(name: FigureName): number | null {
    return this.series[name].at(-1) ?? null;
  }

  /** The highest value that the chart shows. */
  peak(name: FigureName): number | null {
    const known = this.series[name].filter((value) => value !== null);
    return known.length > 0 ? Math.max(...known) : null;
  }

  #push(time: number, values: Partial<Record<FigureName, number | null>>): void {
    const { time: times, ...columns } = this.series;
    times.push(time);
    for (const [name, column] of Object.entries(columns)) column.push(values[name as FigureName] ?? null);
    while (times[0] !== undefined && times[0] < time - CHART_SECONDS) {
      times.shift();
      for (const column of Object.values(columns)) column.shift();
    }
  }
}

export const figures = new Figures();
