import { signal, useSignalEffect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { catalog, loadCatalog } from "../data/catalog.ts";
import { events } from "../data/event-list.ts";
import * as format from "../format.ts";
import type { ViewQuery } from "../route.ts";
import { type Field, fieldsOf, type Line, Numbers, nameOfField, typeOf } from "./numbers.ts";

/** What is drawn. It stays while another view is shown. */
const chosen = signal<readonly Field[]>([]);

/** It is in the address. */
export const numbersQuery: ViewQuery = {
  read: () => ({ number: chosen.value }),
  take: (query) => {
    chosen.value = query.getAll("number");
  },
};

/** How many fields are offered by a button of their own. */
const MAX_OFFERED = 5;
/** Numbers that count or name, and don't measure: they are in the list, but are not offered. */
const NO_MEASURE = /(^|[._-])(id|time|timestamp)$/i;

/** Any numbers in the data of events, drawn over time. */
export function NumbersPanel() {
  const [numbers] = useState(() => new Numbers());
  useEffect(() => void loadCatalog(), []);
  useSignalEffect(() => numbers.choose(chosen.value, events.known));
  useSignalEffect(() => {
    // Either tells of new events: the second while the list of the live view is paused.
    events.changed.value;
    events.waiting.value;
    numbers.take(events.known);
  });

  const drawn = chosen.value;
  const found = numbers.fields.value.filter((field) => !drawn.includes(field));
  const offered = drawn.length > 0 ? [] : found.filter((field) => !NO_MEASURE.test(nameOfField(field)));
  return (
    <section class="panel numbers" aria-label="Numbers">
      <header class="panel-head">
        <h2>Numbers</h2>
        <FieldChoice found={found} drawn={drawn} />
      </header>
      {drawn.length === 0 ? (
        <div class="numbers-offer">
          <p class="muted">
            Choose a number in the data of your events, and it is drawn as it changes. The address keeps the
            choice.
          </p>
          <p class="names">
            {offered.slice(0, MAX_OFFERED).map((field) => (
              <button key={field} type="button" class="button" onClick={() => draw(field)}>
                <Icon name="plus" />
                <span class="truncate">{labelOf(field)}</span>
              </button>
            ))}
          </p>
        </div>
      ) : (
        <div class="numbers-charts ages">
          {drawn.map((field) => (
            <NumberChart key={field} field={field} numbers={numbers} />
          ))}
        </div>
      )}
    </section>
  );
}

/** Draws a number of what a card shows. */
export function DrawButton({ field }: { field: Field }) {
  const isDrawn = chosen.value.includes(field);
  return (
    <button
      type="button"
      class="button quiet icon-only"
      title={isDrawn ? "Drawn above" : "Draw it over time"}
      aria-label={`Draw ${labelOf(field)}`}
      aria-pressed={isDrawn}
      onClick={() => (isDrawn ? stop(field) : draw(field))}
    >
      <Icon name={isDrawn ? "close" : "plus"} />
    </button>
  );
}

interface FieldChoiceProps {
  readonly found: readonly Field[];
  readonly drawn: readonly Field[];
}

function FieldChoice({ found, drawn }: FieldChoiceProps) {
  const said = Object.entries(catalog.value).flatMap(([type, schema]) => fieldsOf(type, schema));
  const byType = new Map<string, Field[]>();
  for (const field of new Set([...found, ...said])) {
    if (drawn.includes(field)) continue;
    const type = typeOf(field);
    byType.set(type, [...(byType.get(type) ?? []), field]);
  }
  return (
    <label class="push">
      <span class="visually-hidden">Draw a number</span>
      <select
        class="select small"
        value=""
        onChange={({ currentTarget }) => {
          if (currentTarget.value !== "") draw(currentTarget.value);
          currentTarget.value = "";
        }}
      >
        <option value="">Draw a number…</option>
        {[...byType].map(([type, fields]) => (
          <optgroup key={type} label={format.visible(type)}>
            {fields.map((field) => (
              <option key={field} value={field}>
                {format.visible(nameOfField(field)) || "the data"}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function NumberChart({ field, numbers }: { field: Field; numbers: Numbers }) {
  numbers.changed.value;
  const lines = numbers.linesOf(field);
  const points = lines.flatMap((line) => line.points);
  const times = points.map(([time]) => time);
  const values = points.map(([, value]) => value);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const label = labelOf(field);
  return (
    <figure class="number" aria-label={label}>
      <figcaption>
        <span class="truncate">
          {format.visible(nameOfField(field)) || "data"}{" "}
          <span class="muted">{format.visible(typeOf(field))}</span>
        </span>
        <button
          type="button"
          class="button quiet icon-only"
          aria-label={`Stop drawing ${label}`}
          onClick={() => stop(field)}
        >
          <Icon name="close" />
        </button>
      </figcaption>
      {points.length === 0 ? (
        <p class="empty">
          Waits for the next <code>{format.visible(typeOf(field))}</code>
        </p>
      ) : (
        <>
          <svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
            {lines.map(({ name, points: own }, i) => (
              <path
                key={name}
                class={`line line-${i}`}
                d={pathOf(own, { from, span: to - from || 1, low, height: high - low || 1 })}
              />
            ))}
          </svg>
          <p class="number-range muted">
            <span>
              {value(low)} to {value(high)}
            </span>
            <span>
              {to > from ? `over ${format.duration(Math.max(1, (to - from) / 1000))}` : "one value"}
            </span>
          </p>
          <ul class="legend">
            {lines.map((line, i) => (
              <LegendEntry key={line.name} line={line} index={i} isOnly={lines.length === 1} />
            ))}
          </ul>
        </>
      )}
    </figure>
  );
}

function LegendEntry({ line, index, isOnly }: { line: Line; index: number; isOnly: boolean }) {
  const [, newest] = line.points.at(-1) ?? [0, 0];
  return (
    <li>
      <span class={`swatch line-${index}`} />
      <span class="truncate">{format.visible(line.name) || (isOnly ? "every topic" : "no topic")}</span>
      <span class="legend-count">{value(newest)}</span>
    </li>
  );
}

interface Frame {
  readonly from: number;
  readonly span: number;
  readonly low: number;
  readonly height: number;
}

/** In a box of 100 by 40. A single value is a line across. */
function pathOf(points: Line["points"], { from, span, low, height }: Frame): string {
  const at = points.map(([time, number]) => [
    (((time - from) / span) * 100).toFixed(2),
    (38 - ((number - low) / height) * 36).toFixed(2),
  ]);
  if (at.length === 1) return `M0,${at[0]?.[1]} H100`;
  return `M${at.map((pair) => pair.join(",")).join(" L")}`;
}

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });

function value(of: number): string {
  return number.format(of);
}

function labelOf(field: Field): string {
  const name = nameOfField(field);
  return format.visible(name === "" ? typeOf(field) : `${typeOf(field)} ${name}`);
}

function draw(field: Field): void {
  if (!chosen.value.includes(field)) chosen.value = [...chosen.value, field];
}

function stop(field: Field): void {
  chosen.value = chosen.value.filter((other) => other !== field);
}
