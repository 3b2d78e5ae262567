import { useComputed } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { CodePanel } from "../components/code-panel.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { Icon } from "../components/icon.tsx";
import { JsonView } from "../components/json-view.tsx";
import { MoreButton } from "../components/more-button.tsx";
import { TokenInput } from "../components/token-input.tsx";
import { catalog, loadCatalog } from "../data/catalog.ts";
import { topicRates, typeRates } from "../data/rates.ts";
import type { Connection } from "../data/stream.ts";
import * as format from "../format.ts";
import { listings, streamUrl } from "./code.ts";
import {
  NOTHING_ASKED,
  type Protocol,
  protocols,
  Trial,
  type TrialLine,
  type TrialRequest,
} from "./trial.ts";

/** Tries a subscription: what it asks for, as code, and what comes of it. */
export function SubscribeView() {
  const [trial] = useState(() => new Trial());
  const [request, setRequest] = useState(NOTHING_ASKED);
  useEffect(() => {
    void loadCatalog();
    return () => trial.close();
  }, []);
  return (
    <>
      <h1 class="visually-hidden">Subscribe</h1>
      <div class="subscribe">
        <div class="subscribe-side">
          <Request trial={trial} request={request} onChange={setRequest} />
          <Code request={request} />
        </div>
        <Lines trial={trial} />
      </div>
    </>
  );
}

interface RequestProps {
  readonly trial: Trial;
  readonly request: TrialRequest;
  readonly onChange: (request: TrialRequest) => void;
}

function Request({ trial, request, onChange }: RequestProps) {
  const { protocol, topics, types, patterns, lastEventId } = request;
  const isOpen = trial.connection.value !== undefined;
  const knownTypes = useComputed(() => [
    ...new Set([...Object.keys(catalog.value), ...typeRates.list.value.map(({ name }) => name)]),
  ]);
  return (
    <form
      class="panel"
      aria-label="Subscription"
      onSubmit={(event) => {
        event.preventDefault();
        trial.open(request);
      }}
    >
      <div class="form-part">
        <div class="field stacked">
          <label class="field-name" for="try-protocol">
            Protocol
          </label>
          <select
            id="try-protocol"
            class="select"
            value={protocol}
            onChange={({ currentTarget }) => {
              onChange({ ...request, protocol: currentTarget.value as Protocol });
            }}
          >
            {Object.entries(protocols).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div class="field stacked">
          <label class="field-name" for="try-topics">
            Topics
          </label>
          <TokenInput
            id="try-topics"
            what="topic"
            values={topics}
            placeholder={protocol === "mercure-1" && patterns.length > 0 ? "None" : "None: every event"}
            suggestions={topicRates.list.value.map(({ name }) => name)}
            onChange={(next) => onChange({ ...request, topics: next })}
          />
          <p class="field-help">{topicHelp[protocol]}</p>
        </div>
        {protocol === "mercure-1" && (
          <div class="field stacked">
            <label class="field-name" for="try-patterns">
              URL patterns
            </label>
            <TokenInput
              id="try-patterns"
              what="pattern"
              values={patterns}
              placeholder="/orders/:id"
              suggestions={[]}
              onChange={(next) => onChange({ ...request, patterns: next })}
            />
            <p class="field-help">
              As in <code>match_urlpattern</code>; a relative one begins at the hub's address
            </p>
          </div>
        )}
        {protocol === "tidings" && (
          <div class="field stacked">
            <label class="field-name" for="try-types">
              Types
            </label>
            <TokenInput
              id="try-types"
              what="type"
              values={types}
              placeholder="None: every type"
              suggestions={knownTypes.value}
              onChange={(next) => onChange({ ...request, types: next })}
            />
          </div>
        )}
        <div class="field stacked">
          <label class="field-name" for="try-last">
            Last event id<span class="optional">optional</span>
          </label>
          <div class="form-row">
            <input
              id="try-last"
              class="input mono"
              spellcheck={false}
              placeholder="Only what comes from now on"
              value={lastEventId}
              onInput={({ currentTarget }) => onChange({ ...request, lastEventId: currentTarget.value })}
            />
            <button
              type="button"
              class="button"
              onClick={() => onChange({ ...request, lastEventId: "earliest" })}
            >
              Earliest
            </button>
          </div>
        </div>
      </div>
      <footer class="form-foot">
        <button type="submit" class="button primary">
          <Icon name="subscribe" />
          Subscribe
        </button>
        {isOpen && (
          <>
            <button type="button" class="button" onClick={() => trial.drop()}>
              Drop and resume
            </button>
            <button type="button" class="button quiet" onClick={() => trial.close()}>
              Close
            </button>
          </>
        )}
      </footer>
    </form>
  );
}

const topicHelp = {
  tidings: (
    <>
      Exact names, or prefixes that end in *, such as <code>orders/*</code>
    </>
  ),
  "mercure-1": (
    <>
      Exact names, as in <code>match</code>
    </>
  ),
  mercure: (
    <>
      Exact names, or URI templates, such as <code>{"orders/{id}"}</code>
    </>
  ),
};

const mercureTitles = { eventsource: "EventSource", curl: "curl" };
const titles = {
  tidings: { eventsource: "EventSource", sdk: "TypeScript", curl: "curl" },
  "mercure-1": mercureTitles,
  mercure: mercureTitles,
};

function Code({ request }: { request: TrialRequest }) {
  const url = streamUrl(request);
  return (
    <CodePanel
      key={request.protocol}
      label="The same subscription in code"
      id="listing"
      titles={titles[request.protocol]}
      textOf={(key) => listings[key]?.(request) ?? ""}
    >
      <div class="url-row">
        <code class="stream-url">{url}</code>
        <CopyButton text={url} label="Copy the address" />
      </div>
    </CodePanel>
  );
}

/** How many lines there are until more are asked for. */
const FIRST_LINES = 30;

function Lines({ trial }: { trial: Trial }) {
  const [shown, setShown] = useState(FIRST_LINES);
  const lines = trial.lines.value;
  return (
    <section class="panel trial" aria-label="What came">
      <header class="panel-head">
        <h2>
          Received <span class="count">{format.count(trial.received.value)}</span>
        </h2>
        <State connection={trial.connection.value} />
      </header>
      {lines.length === 0 ? (
        <p class="empty">Subscribe, and what the hub sends shows here, its own notices included.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it
        <ol class="trial-lines" tabIndex={0} aria-label="What came, newest first">
          {lines.slice(0, shown).map((line) => (
            <Line key={line.key} line={line} />
          ))}
        </ol>
      )}
      <MoreButton count={lines.length} shown={shown} onMore={() => setShown(Infinity)} />
    </section>
  );
}

function Line({ line }: { line: TrialLine }) {
  const { time, kind, title, text } = line;
  return (
    <li class={kind}>
      {kind === "event" ? (
        <EventLine line={line} />
      ) : (
        <div class="trial-line">
          <span class="mono muted">{format.preciseClock(time)}</span>
          <span class="trial-title">{title}</span>
          <span class="trial-text">{text}</span>
        </div>
      )}
    </li>
  );
}

function EventLine({ line: { time, title, id, text } }: { line: TrialLine }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary class="trial-line">
        <span class="mono muted">{format.preciseClock(time)}</span>
        <span class="trial-title">{title}</span>
        <span class="trial-text mono truncate">{text}</span>
      </summary>
      {isOpen && (
        <div class="trial-event">
          <p class="muted">
            Id <span class="mono">{id ?? "none"}</span>
          </p>
          <JsonView json={text} label={`Data of ${title}`} />
        </div>
      )}
    </details>
  );
}

function State({ connection }: { connection: Connection | undefined }) {
  const [color, word] = stateOf(connection);
  return (
    <p class="connection push" role="status">
      <span class={`lamp ${color}`} />
      {word}
    </p>
  );
}

function stateOf(connection: Connection | undefined): readonly [color: string, word: string] {
  switch (connection?.state) {
    case undefined:
      return ["", "Not connected"];
    case "connecting":
      return ["warn", "Connecting"];
    case "open":
      return ["good", "Connected"];
    case "waiting":
      return ["bad", "Reconnecting"];
    case "refused":
      return ["bad", "Refused"];
  }
}
