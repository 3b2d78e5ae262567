import { useSignal } from "@preact/signals";
import { useState } from "preact/hooks";
import { useNow } from "../components/connection-lamp.tsx";
import { Icon } from "../components/icon.tsx";
import { MoreButton } from "../components/more-button.tsx";
import { events } from "../data/event-list.ts";
import { hubOffset } from "../data/hub.ts";
import * as format from "../format.ts";
import { type CurrentValue, type CurrentValues, clearCurrent, loadCurrent } from "./current-values.ts";

/** How many are listed until more are asked for. */
const FIRST_COUNT = 10;
/** How much of a value is shown, in characters. */
const MAX_SHOWN_LENGTH = 500;

/** What a new reader is sent first. It is asked for when somebody wants to see it: it may be much. */
export function CurrentPanel() {
  const current = useSignal<CurrentValues | undefined>(undefined);
  const [shown, setShown] = useState(FIRST_COUNT);
  const topic = events.filter.value.topic.trim();
  const now = useNow() + hubOffset.value;
  const load = async () => {
    current.value = await loadCurrent(topic);
  };
  const { values = [], problem = "" } = current.value ?? {};
  return (
    <section class="panel current" aria-label="Current values">
      <header class="panel-head">
        <h2>
          Current values <span class="count">{current.value && format.count(values.length)}</span>
        </h2>
        <button type="button" class="button push" onClick={() => void load()}>
          {current.value ? "Refresh" : "Show"}
        </button>
      </header>
      {values.length === 0 ? (
        <p class="empty" role="status">
          {problem || (current.value ? "Nothing is retained here." : explained(topic))}
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it
        <section class="table-box ages" tabIndex={0} aria-label="Current values by type and topic">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Type</th>
                <th scope="col">Topic</th>
                <th scope="col">Data</th>
                <th scope="col" class="numeric">
                  Kept
                </th>
                <th scope="col">
                  <span class="visually-hidden">Clear</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {values.slice(0, shown).map((value) => (
                <ValueRow
                  key={`${value.type} ${value.topic}`}
                  value={value}
                  now={now}
                  onClear={() => void clearCurrent(value).then(load)}
                />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <MoreButton count={values.length} shown={shown} onMore={() => setShown(shown * 4)} />
    </section>
  );
}

function explained(topic: string): string {
  const where = topic === "" ? "each type and topic" : `each type on ${format.visible(topic)}`;
  return `The newest event of ${where} that was published with retain. A new reader is sent it first.`;
}

interface ValueRowProps {
  readonly value: CurrentValue;
  /** By the hub's clock. */
  readonly now: number;
  readonly onClear: () => void;
}

function ValueRow({ value: { type, topic, json, time }, now, onClear }: ValueRowProps) {
  const name = topic === "" ? type : `${type} on ${topic}`;
  return (
    <tr>
      <td>{format.visible(type)}</td>
      <td>{topic === "" ? <span class="muted">none</span> : format.visible(topic)}</td>
      <td class="mono current-data">{format.visible(json.slice(0, MAX_SHOWN_LENGTH))}</td>
      <td class="numeric">{format.duration(Math.max(0, now - time) / 1000)} ago</td>
      <td class="numeric">
        <button
          type="button"
          class="button quiet danger"
          aria-label={`Clear ${format.visible(name)}`}
          onClick={onClear}
        >
          <Icon name="close" />
          <span class="remove-word">Clear</span>
        </button>
      </td>
    </tr>
  );
}
