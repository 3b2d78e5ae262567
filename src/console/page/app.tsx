import type { FunctionComponent } from "preact";
import { ConnectionLamp, StaleNotice } from "./components/connection-lamp.tsx";
import { Icon } from "./components/icon.tsx";
import { DashboardView } from "./dashboard/dashboard-view.tsx";
import { isLive, isLocked, isOutdated, tick } from "./data/hub.ts";
import * as format from "./format.ts";
import { LiveView } from "./live/live-view.tsx";
import { LoginView, logOut } from "./login-view.tsx";
import { PublishView } from "./publish/publish-view.tsx";
import { type View, view, views } from "./route.ts";
import { SubscribeView } from "./subscribe/subscribe-view.tsx";
import { ThemeButton } from "./theme.tsx";

const shown: Record<View, FunctionComponent> = {
  live: LiveView,
  publish: PublishView,
  dashboard: DashboardView,
  subscribe: SubscribeView,
};

const titles: Record<View, string> = {
  live: "Live",
  publish: "Publish",
  dashboard: "Dashboard",
  subscribe: "Subscribe",
};

export function App() {
  const current = view.value;
  const Current = shown[current];
  document.title = `${titles[current]} · Tidings`;
  return (
    <div class={isLive.value || tick.value === undefined ? undefined : "stale"}>
      <a class="skip-link" href="#main">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="#live">
          <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <circle class="dot" cx="4" cy="12" r="2" />
            <path d="M4 7a5 5 0 0 1 5 5M4 2.5a9.5 9.5 0 0 1 9.5 9.5" />
          </svg>
          Tidings
        </a>
        <nav class="tabs" aria-label="Views">
          {views.map((name) => (
            <a key={name} href={`#${name}`} aria-current={name === current ? "page" : undefined}>
              <Icon name={name} />
              {titles[name]}
            </a>
          ))}
        </nav>
        <div class="top-end">
          <ConnectionLamp />
          <ThemeButton />
          {tick.value?.keyed && (
            <button
              type="button"
              class="button quiet icon-only"
              aria-label="Sign out"
              title="Sign out"
              onClick={() => void logOut()}
            >
              <Icon name="leave" />
            </button>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <StaleNotice />
        {isOutdated.value && <Outdated />}
        {isLocked.value ? (
          <LoginView />
        ) : (
          <>
            <Current />
            <Foot />
          </>
        )}
      </main>
    </div>
  );
}

function Outdated() {
  return (
    <div class="stale-notice">
      <p>The hub has been upgraded since this page was opened.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  );
}

function Foot() {
  const status = tick.value?.status;
  return (
    <footer class="page-foot">
      {status && (
        <span class="ages">
          Tidings {status.version}, up {format.duration(status.uptime_seconds)}
        </span>
      )}
      <a href="manual">Manual</a>
      <a href="openapi">API</a>
      <a href="catalog">Catalog</a>
      <a href="metrics">Metrics</a>
    </footer>
  );
}
