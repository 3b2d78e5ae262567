import type { Rates } from "../data/rates.ts";
import * as format from "../format.ts";

interface RatesPanelProps {
  readonly title: string;
  readonly rates: Rates;
  /** What is filtered by now. */
  readonly current: string;
  readonly onPick: (name: string) => void;
  readonly empty: string;
}

/** How often each name comes, the most frequent first; picking one filters the stream by it. */
export function RatesPanel({ title, rates, current, onPick, empty }: RatesPanelProps) {
  const list = rates.list.value;
  const highest = Math.max(...list.map(({ rate }) => rate), 0.001);
  return (
    <section class="panel" aria-label={title}>
      <header class="panel-head">
        <h2>
          {title} <span class="count">{rates.distinct.value > 0 && format.count(rates.distinct.value)}</span>
        </h2>
        <span class="muted push rates-unit">events/s</span>
      </header>
      {list.length === 0 && <p class="empty">{empty}</p>}
      <ul class="rates ages">
        {list.map(({ name, rate, total }) => (
          <li key={name}>
            <button
              type="button"
              class="rate"
              aria-pressed={name === current}
              title={`${format.count(total)} since this page was opened`}
              onClick={() => onPick(name === current ? "" : name)}
            >
              <span class="rate-bar" style={{ transform: `scaleX(${rate / highest})` }} />
              <span class="truncate">{name}</span>
              <span class="rate-figure">{format.rate(rate)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
