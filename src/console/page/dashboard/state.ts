import { batch, computed, signal } from "@preact/signals";
import { isNumber, isRecord, isString, parseJson } from "../../../sdk/narrow.ts";
import { builtinTypes } from "../data/catalog.ts";
import { type Connection, type Message, Stream } from "../data/stream.ts";
import { visible } from "../format.ts";
import { hubRoute } from "../hub-url.ts";

/** Data of an event: its members are looked at one by one, since a user's catalog may say otherwise. */
type Data = Readonly<Record<string, unknown>>;

export interface Health {
  readonly status: string;
  readonly healthy: number;
  readonly services: number;
  readonly metrics: number;
  readonly timestamp: string;
}

export interface Metrics {
  /** All numbers of the data. */
  readonly numbers: readonly (readonly [name: string, value: number])[];
  readonly timestamp: string;
}

export interface Widget {
  readonly id: string;
  readonly title: string;
  readonly html: string | undefined;
  readonly data: unknown;
  /** How often it was refreshed. */
  readonly refreshes: number;
}

export const severities = ["info", "warning", "error", "critical"] as const;
export type Severity = (typeof severities)[number];

export interface Notification {
  readonly key: number;
  readonly source: string;
  readonly message: string;
  readonly severity: Severity;
  readonly url: string | undefined;
  /** Unix ms. */
  readonly time: number;
}

/** How many of each are kept, the newest. */
const MAX_ITEMS = 100;

/** The current values of the hub; none where it keeps none, or can't be asked: then there is the history. */
async function currentValues(): Promise<{ readonly type: string; readonly data: Data }[]> {
  const query = new URLSearchParams(builtinTypes.map((type) => ["type", type]));
  try {
    const answer = await fetch(`${hubRoute("current")}?${query}`);
    const body: unknown = await answer.json();
    const values: readonly unknown[] = isRecord(body) && Array.isArray(body["values"]) ? body["values"] : [];
    return values.flatMap((value) => {
      if (!isRecord(value)) return [];
      const { type, data } = value;
      return isString(type) && isRecord(data) ? [{ type, data }] : [];
    });
  } catch {
    return [];
  }
}

/** What a dashboard of the six built-in types shows, as its own subscription has told it. */
export class DashboardState {
  readonly connection = signal<Connection>({ state: "connecting" });
  readonly health = signal<Health | undefined>(undefined);
  readonly metrics = signal<Metrics | undefined>(undefined);
  readonly widgets = signal<ReadonlyMap<string, Widget>>(new Map());
  /** Newest first. */
  readonly notifications = signal<readonly Notification[]>([]);
  /** Those that came just now, and not from the hub's history. */
  readonly toasts = signal<readonly Notification[]>([]);
  readonly badges = signal<ReadonlyMap<string, string>>(new Map());
  /** Spans by trace; the one that grew last comes last. */
  readonly traces = signal<ReadonlyMap<string, number>>(new Map());
  /** Whether what comes is from the history yet. */
  readonly isReplaying = signal(true);
  /** All that the hub has was looked at, and there is nothing to draw. */
  readonly isEmpty = computed(
    () =>
      !this.isReplaying.value &&
      this.health.value === undefined &&
      this.metrics.value === undefined &&
      [this.widgets, this.badges, this.traces].every(({ value }) => value.size === 0) &&
      this.notifications.value.length === 0,
  );
  #stream: Stream | undefined;
  #isClosed = false;
  #keys = 0;

  constructor() {
    void this.#open();
  }

  /** The history may no longer hold what is current, so that comes first. */
  async #open(): Promise<void> {
    const values = await currentValues();
    if (this.#isClosed) return;
    batch(() => {
      for (const { type, data } of values) this.#set(type, data);
    });
    this.#stream = new Stream({
      path: "events",
      types: builtinTypes,
      lastEventId: "earliest",
      idleTimeout: 45_000,
      onConnection: (connection) => {
        this.connection.value = connection;
      },
      onMessages: (messages) => {
        batch(() => {
          for (const message of messages) this.#take(message);
        });
      },
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.close();
  }

  dismiss(key: number): void {
    this.toasts.value = this.toasts.value.filter((toast) => toast.key !== key);
  }

  #take({ event, data: text }: Message): void {
    if (event === "tidings.resumed") this.isReplaying.value = false;
    const data = parseJson(text);
    if (!isRecord(data)) return;
    this.#set(event, data);
    if (event === "widget-refresh") this.#count(textOf(data, "id"));
    else if (event === "notification") this.#notify(data);
  }

  /** Shows what an event says, as often as it may come: a current value may be in the history too. */
  #set(event: string, data: Data): void {
    if (event === "health-update") this.health.value = healthOf(data);
    else if (event === "metrics-update") this.metrics.value = metricsOf(data);
    else if (event === "widget-refresh") this.#refresh(data);
    else if (event === "nav-badge-update") {
      // An empty badge clears it, but the entry is still one of the navigation's.
      this.badges.value = withLast(this.badges.value, textOf(data, "path"), textOf(data, "badge"), false);
    } else if (event === "trace-update") {
      this.traces.value = withLast(
        this.traces.value,
        textOf(data, "trace_id"),
        countOf(data, "span_count"),
        true,
      );
    }
  }

  #count(id: string): void {
    const widget = this.widgets.value.get(id);
    if (!widget) return;
    const counted = { ...widget, refreshes: widget.refreshes + 1 };
    this.widgets.value = withLast(this.widgets.value, id, counted, false);
  }

  #refresh(data: Data): void {
    const id = textOf(data, "id");
    const before = this.widgets.value.get(id);
    const { html } = data;
    const widget: Widget = {
      id,
      title: textOf(data, "title") || before?.title || id,
      html: isString(html) ? html : undefined,
      data: data["data"],
      refreshes: before?.refreshes ?? 0,
    };
    this.widgets.value = withLast(this.widgets.value, id, widget, false);
  }

  #notify(data: Data): void {
    const { url, time } = data;
    const notification: Notification = {
      key: this.#keys++,
      source: textOf(data, "source"),
      message: textOf(data, "message"),
      severity: severities.find((known) => known === data["severity"]) ?? "info",
      url: isString(url) && isWebAddress(url) ? url : undefined,
      time: isNumber(time) ? time * 1000 : Date.now(),
    };
    this.notifications.value = [notification, ...this.notifications.value].slice(0, MAX_ITEMS);
    if (!this.isReplaying.peek()) this.toasts.value = [...this.toasts.value, notification].slice(-3);
  }
}

function healthOf(data: Data): Health {
  return {
    status: textOf(data, "overall_status"),
    healthy: countOf(data, "healthy_count"),
    services: countOf(data, "total_services"),
    metrics: countOf(data, "total_metrics"),
    timestamp: textOf(data, "timestamp"),
  };
}

function metricsOf(data: Data): Metrics {
  return {
    numbers: Object.entries(data).flatMap(([name, value]) =>
      isNumber(value) ? [[name, value] as const] : [],
    ),
    timestamp: textOf(data, "timestamp"),
  };
}

/** A member's text as it is shown. */
function textOf(data: Data, name: string): string {
  const value = data[name];
  return isString(value) ? visible(value) : "";
}

function countOf(data: Data, name: string): number {
  const value = data[name];
  return isNumber(value) ? value : 0;
}

/** A link from a publisher leads to a page or nowhere: `javascript:` and the like are not followed. */
function isWebAddress(url: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(url, location.href).protocol);
  } catch {
    return false;
  }
}

/** The map with the entry in it: in its old place, or last. Beyond the most, the first goes. */
function withLast<Value>(
  map: ReadonlyMap<string, Value>,
  key: string,
  value: Value,
  moves: boolean,
): ReadonlyMap<string, Value> {
  const next = new Map(map);
  if (moves) next.delete(key);
  next.set(key, value);
  for (const first of next.keys()) {
    if (next.size <= MAX_ITEMS) break;
    next.delete(first);
  }
  return next;
}
