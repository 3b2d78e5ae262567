import { useState } from "preact/hooks";
import { MoreButton } from "../components/more-button.tsx";
import { MAX_NAMES, type Order, type Rates, rowsOf } from "../data/rates.ts";
import * as format from "../format.ts";

interface RatesPanelProps {
  readonly title: string;
  readonly rates: Rates;
  /** What is filtered by now. */
  readonly current: string;
  readonly onPick: (name: string) => void;
  readonly empty: string;
  /** What else is to be said of a name; nothing where it returns no text. */
  readonly noteOf?: (name: string) => string;
}

/** From so many names on there is a search. */
const MIN_SEARCHED = 8;
/** How many rows there are until more are asked for. */
const FIRST_ROWS = 12;

/** How often each name comes; picking one filters the stream by it. */
export function RatesPanel({ title, rates, current, onPick, empty, noteOf }: RatesPanelProps) {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<Order>("name");
  const list = rates.list.value;
  const all = rowsOf(list, search, order);
  const [shown, setShown] = useState(FIRST_ROWS);
  const rows = all.slice(0, shown);
  const highest = Math.max(...rows.map(({ rate }) => rate), 0.001);
  return (
    <section class="panel" aria-label={title}>
      <header class="panel-head">
        <h2>
          {title} <span class="count">{countOf(rates)}</span>
        </h2>
        <label class="push rates-order">
          <span class="visually-hidden">Order of {title.toLowerCase()}</span>
          <select
            class="select small"
            value={order}
            onChange={({ currentTarget }) => setOrder(currentTarget.value as Order)}
          >
            <option value="name">by name</option>
            <option value="rate">by events/s</option>
          </select>
        </label>
      </header>
      {list.length === 0 && <p class="empty">{empty}</p>}
      {(list.length >= MIN_SEARCHED || search !== "") && (
        <label class="rates-search">
          <span class="visually-hidden">Search {title.toLowerCase()}</span>
          <input
            class="input"
            type="search"
            placeholder={`Search ${title.toLowerCase()}`}
            value={search}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </label>
      )}
      {list.length > 0 && rows.length === 0 && <p class="empty">No name has “{search}” in it.</p>}
      <ul class="rates ages" aria-label={`${title} and how often they come`}>
        {rows.map(({ name, filter, rate, total, names }) => (
          <li key={filter}>
            <button
              type="button"
              class="rate"
              aria-pressed={filter === current}
              title={`${format.count(total)} since this page was opened`}
              onClick={() => onPick(filter === current ? "" : filter)}
            >
              <span class="rate-bar" style={{ transform: `scaleX(${rate / highest})` }} />
              <RateName name={name} note={noteOf?.(name)} />
              {names > 1 && <span class="muted"> · {format.count(names)}</span>}
              <span class="rate-figure">
                {format.rate(rate)}
                <span class="unit">/s</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      <MoreButton count={all.length} shown={shown} onMore={() => setShown(Infinity)} />
    </section>
  );
}

/** How many names there are; of those that are no longer listed, nobody knows whether they come back. */
function countOf({ distinct, list }: Rates): string {
  if (distinct.value === 0) return "";
  return `${format.count(distinct.value)}${list.value.length === MAX_NAMES ? "+" : ""}`;
}

function RateName({ name, note }: { name: string; note: string | undefined }) {
  if (!note) return <span class="truncate">{format.visible(name)}</span>;
  return (
    <span class="rate-name">
      <span class="truncate">{format.visible(name)}</span>
      <span class="truncate muted">{format.visible(note)}</span>
    </span>
  );
}
