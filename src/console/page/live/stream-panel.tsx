import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { catalog, loadCatalog } from "../data/catalog.ts";
import { events, type ListedEvent } from "../data/event-list.ts";
import { topicRates, typeRates } from "../data/rates.ts";
import * as format from "../format.ts";
import type { ViewQuery } from "../route.ts";
import { EventDetail } from "./event-detail.tsx";
import { EventTable } from "./event-table.tsx";

/** The filter is in the address. */
export const filterQuery: ViewQuery = {
  read: () => ({ ...events.filter.value }),
  take: (query) => {
    const of = (name: string) => query.get(name) ?? "";
    events.setFilter({ type: of("type"), topic: of("topic"), text: of("text") });
  },
};

/** The stream itself: every event, to be filtered, paused and opened. */
export function StreamPanel() {
  const selected = useSignal<ListedEvent | undefined>(undefined);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => void loadCatalog(), []);
  // With the first paint, not after it: who sees the list can use the keys.
  useLayoutEffect(() => {
    const press = (pressed: KeyboardEvent) => onKey(pressed, panel.current);
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <section class="panel stream" aria-label="Stream" ref={panel}>
      <Toolbar />
      <div class={selected.value ? "stream-split open" : "stream-split"}>
        <div class="stream-main">
          <EventTable
            selected={selected}
            onOpen={(event) => {
              selected.value = event;
            }}
          />
          <Nothing />
        </div>
        {selected.value && (
          <EventDetail
            event={selected.value}
            onClose={() => {
              selected.value = undefined;
              panel.current?.querySelector<HTMLElement>("[role=grid]")?.focus();
            }}
          />
        )}
      </div>
    </section>
  );
}

/** `/` goes to the search, and the space bar pauses, where a key means nothing else. */
function onKey(pressed: KeyboardEvent, panel: HTMLElement | null): void {
  const { key, target, ctrlKey, metaKey, altKey } = pressed;
  if (ctrlKey || metaKey || altKey) return;
  if (target instanceof Element && target.closest("input, textarea, select, button, a, [role=grid]")) return;
  if (key === "/") panel?.querySelector<HTMLInputElement>("input[type=search]")?.focus();
  else if (key === " ") events.pause(!events.paused.value);
  else return;
  pressed.preventDefault();
}

function Toolbar() {
  const { type, topic, text } = events.filter.value;
  const paused = events.paused.value;
  const waiting = events.waiting.value;
  const isFiltered = type !== "" || topic !== "" || text !== "";
  const types = new Set([...typeRates.list.value.map(({ name }) => name), ...Object.keys(catalog.value)]);
  if (type !== "") types.add(type);
  return (
    <div class="stream-tools">
      <h2>
        Stream <Count />
      </h2>
      <div class="stream-filters">
        <label class="search">
          <span class="visually-hidden">Text in the event</span>
          <Icon name="search" />
          <input
            class="input"
            type="search"
            placeholder="Search data, type and id ( / )"
            value={text}
            onInput={({ currentTarget }) => events.setFilter({ text: currentTarget.value })}
          />
        </label>
        <label>
          <span class="visually-hidden">Type</span>
          <select
            class="select"
            value={type}
            onChange={({ currentTarget }) => events.setFilter({ type: currentTarget.value })}
          >
            <option value="">Every type</option>
            {[...types].sort().map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="visually-hidden">Topic, or the beginning of topics and *</span>
          <input
            class="input"
            list="topics"
            placeholder="Topic or prefix*"
            value={topic}
            onInput={({ currentTarget }) => events.setFilter({ topic: currentTarget.value })}
          />
          <datalist id="topics">
            {topicRates.list.value.map(({ name }) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </label>
        {isFiltered && (
          <button type="button" class="button quiet" onClick={() => events.clearFilter()}>
            Show all
          </button>
        )}
      </div>
      <div class="stream-actions">
        <button
          type="button"
          class="button"
          aria-pressed={paused}
          title="Space"
          onClick={() => events.pause(!paused)}
        >
          <Icon name={paused ? "play" : "pause"} />
          {paused ? "Resume" : "Pause"}
          {waiting > 0 && <span class="waiting">{format.shortCount(waiting)}</span>}
        </button>
        <button
          type="button"
          class="button quiet icon-only"
          aria-label="Empty the list"
          title="Empty the list"
          onClick={() => events.clear()}
        >
          <Icon name="trash" />
        </button>
      </div>
    </div>
  );
}

function Count() {
  events.changed.value;
  const { matching, total } = events;
  const skipped = events.skipped.value;
  const shown =
    matching.length === total
      ? format.count(total)
      : `${format.count(matching.length)} of ${format.count(total)}`;
  return (
    <span class="count">
      {shown}
      {skipped > 0 && <span class="skipped"> + {format.shortCount(skipped)} too fast to list</span>}
    </span>
  );
}

/** What there is to do when there is nothing to see. */
function Nothing() {
  events.changed.value;
  if (events.matching.length > 0) return null;
  if (events.total > 0) return <p class="empty">No event matches the filter.</p>;
  return (
    <p class="empty">
      No events yet. <a href="#publish">Publish one</a>, or run{" "}
      <code>tidings publish greeting '"hello"'</code>
    </p>
  );
}
