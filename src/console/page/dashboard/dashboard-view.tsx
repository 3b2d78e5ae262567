import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useNow } from "../components/connection-lamp.tsx";
import { Icon } from "../components/icon.tsx";
import { MoreButton } from "../components/more-button.tsx";
import * as format from "../format.ts";
import { pointer } from "../publish/schema.ts";
import { DrawButton, NumbersPanel } from "./numbers-panel.tsx";
import { StartPanel } from "./start-panel.tsx";
import { DashboardState, type Notification } from "./state.ts";
import { Toasts, tones } from "./toasts.tsx";
import { WidgetCard } from "./widget-card.tsx";

/** The six built-in event types, drawn as what they are, and numbers of any type. */
export function DashboardView() {
  const [state, setState] = useState<DashboardState>();
  useEffect(() => {
    const opened = new DashboardState();
    setState(opened);
    return () => opened.close();
  }, []);
  return (
    <>
      <h1 class="visually-hidden">Dashboard</h1>
      {state && <Dashboard state={state} />}
    </>
  );
}

function Dashboard({ state }: { state: DashboardState }) {
  const isLive = state.connection.value.state === "open";
  return (
    <>
      <div class={isLive ? "dashboard" : "dashboard stale"}>
        {state.isEmpty.value && <StartPanel />}
        <NumbersPanel />
        {!state.isEmpty.value && <Cards state={state} />}
      </div>
      <Toasts state={state} />
    </>
  );
}

function Cards({ state }: { state: DashboardState }) {
  return (
    <>
      <Health state={state} />
      <Metrics state={state} />
      <Navigation state={state} />
      <Notifications state={state} />
      <Traces state={state} />
      <Widgets state={state} />
    </>
  );
}

interface CardProps {
  readonly title: string;
  readonly type: string;
  readonly name: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

function Card({ title, type, name, aside, children }: CardProps) {
  return (
    <section class={`panel card-${name}`} aria-label={title}>
      <header class="panel-head">
        <h2 title={`Drawn from ${type}`}>{title}</h2>
        <span class="muted push card-aside">{aside}</span>
      </header>
      <div class="ages">{children}</div>
    </section>
  );
}

const NOTHING = (type: string) => (
  <p class="empty">
    Waits for the first <code>{type}</code>
  </p>
);

const goodWords = /^(ok|up|healthy|good|pass|green|operational|active)$/i;
const badWords = /^(down|unhealthy|critical|fail|failed|failing|error|red|outage)$/i;

function Health({ state }: { state: DashboardState }) {
  const health = state.health.value;
  if (!health) {
    return (
      <Card title="Health" type="health-update" name="health">
        {NOTHING("health-update")}
      </Card>
    );
  }
  const { status, healthy, services, metrics, timestamp } = health;
  const tone = goodWords.test(status) ? "good" : badWords.test(status) ? "bad" : "warn";
  const part = services > 0 ? Math.min(1, healthy / services) : 0;
  return (
    <Card title="Health" type="health-update" name="health" aside={<Since timestamp={timestamp} />}>
      <div class="health">
        <svg class={`ring ${tone}`} viewBox="0 0 64 64" aria-hidden="true">
          <circle class="track" cx="32" cy="32" r="27" />
          <circle
            class="value"
            cx="32"
            cy="32"
            r="27"
            pathLength="1"
            style={{ strokeDashoffset: 1 - part }}
          />
        </svg>
        <div>
          <p class={`health-word ${tone}`}>{status || "unknown"}</p>
          <p class="muted">
            {format.count(healthy)} of {format.count(services)} services healthy
          </p>
          <p class="muted">{format.count(metrics)} metrics</p>
        </div>
      </div>
    </Card>
  );
}

function Metrics({ state }: { state: DashboardState }) {
  const metrics = state.metrics.value;
  if (!metrics) {
    return (
      <Card title="Metrics" type="metrics-update" name="metrics">
        {NOTHING("metrics-update")}
      </Card>
    );
  }
  return (
    <Card
      title="Metrics"
      type="metrics-update"
      name="metrics"
      aside={<Since timestamp={metrics.timestamp} />}
    >
      <ul class="metrics">
        {metrics.numbers.map(([name, value]) => (
          <li key={name}>
            <span class="truncate">{name.replaceAll("_", " ")}</span>
            <span class="metric">{format.shortCount(value)}</span>
            <DrawButton field={`metrics-update#${pointer("", name)}`} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Navigation({ state }: { state: DashboardState }) {
  const entries = [...state.badges.value];
  return (
    <Card title="Navigation" type="nav-badge-update" name="nav">
      {entries.length === 0 ? (
        NOTHING("nav-badge-update")
      ) : (
        <ul class="nav-entries">
          {entries.map(([path, badge]) => (
            <li key={path}>
              <span class="truncate">{path}</span>
              {badge !== "" && (
                <span key={badge} class="badge">
                  {badge}
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** How many notifications are listed until more are asked for. */
const FIRST_NOTIFICATIONS = 10;

function Notifications({ state }: { state: DashboardState }) {
  const list = state.notifications.value;
  const [shown, setShown] = useState(FIRST_NOTIFICATIONS);
  return (
    <Card
      title="Notifications"
      type="notification"
      name="notifications"
      aside={list.length > 0 && format.count(list.length)}
    >
      {list.length === 0 ? (
        NOTHING("notification")
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it
        <ol class="notifications" tabIndex={0} aria-label="Notifications, newest first">
          {list.slice(0, shown).map((notification) => (
            <NotificationItem key={notification.key} notification={notification} />
          ))}
        </ol>
      )}
      <MoreButton count={list.length} shown={shown} onMore={() => setShown(Infinity)} />
    </Card>
  );
}

function NotificationItem({ notification }: { notification: Notification }) {
  const { severity, source, message, url, time } = notification;
  return (
    <li class={`notification ${tones[severity]}`}>
      <p class="notification-head">
        <span class={`chip ${tones[severity]}`}>{severity}</span>
        <span class="truncate">{source}</span>
        <time class="muted">{format.clock(time)}</time>
      </p>
      <p>
        {message}
        {url && (
          <a href={url} target="_blank" rel="noreferrer" class="notification-link">
            Read on
            <span class="visually-hidden"> about {message}</span>
            <Icon name="link" />
          </a>
        )}
      </p>
    </li>
  );
}

/** How many traces are drawn. */
const MAX_TRACES = 8;

function Traces({ state }: { state: DashboardState }) {
  const traces = [...state.traces.value].slice(-MAX_TRACES).reverse();
  const most = Math.max(1, ...traces.map(([, spans]) => spans));
  // Bars of the same length say nothing.
  const isVaried = traces.some(([, spans]) => spans !== most);
  return (
    <Card title="Traces" type="trace-update" name="traces" aside="spans">
      {traces.length === 0 ? (
        NOTHING("trace-update")
      ) : (
        <ul class={isVaried ? "traces" : "traces alike"}>
          {traces.map(([id, spans]) => (
            <li key={id}>
              <span class="mono truncate">{id}</span>
              <span class="trace-bar" hidden={!isVaried} aria-hidden="true">
                <span style={{ transform: `scaleX(${spans / most})` }} />
              </span>
              <span class="trace-count">{format.count(spans)}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Widgets({ state }: { state: DashboardState }) {
  const widgets = [...state.widgets.value.values()];
  return (
    <section class="card-widgets" aria-label="Widgets">
      <h2>Widgets</h2>
      {widgets.length === 0 ? (
        <div class="panel">{NOTHING("widget-refresh")}</div>
      ) : (
        <div class="widgets ages">
          {widgets.map((widget) => (
            <WidgetCard key={widget.id} widget={widget} />
          ))}
        </div>
      )}
    </section>
  );
}

/** How long ago the publisher measured it. */
function Since({ timestamp }: { timestamp: string }) {
  const age = (useNow() - Date.parse(timestamp)) / 1000;
  if (Number.isNaN(age)) return null;
  return <>{age < 2 ? "just now" : `${format.duration(Math.floor(age))} ago`}</>;
}
