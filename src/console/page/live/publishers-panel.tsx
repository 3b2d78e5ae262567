import { useState } from "preact/hooks";
import { MoreButton } from "../components/more-button.tsx";
import { events } from "../data/event-list.ts";
import * as format from "../format.ts";
import { nameOf, type Publisher, publishers } from "./publishers.ts";

/** How many are listed until more are asked for. */
const FIRST_COUNT = 5;
/** How many types of a publisher are shown until more are asked for. */
const FIRST_TYPES = 3;

/** Who publishes what, and how much. */
export function PublishersPanel() {
  const [shown, setShown] = useState(FIRST_COUNT);
  const list = publishers.value;
  return (
    <section class="panel" aria-label="Publishers">
      <header class="panel-head">
        <h2>
          Publishers <span class="count">{list.length > 0 && format.count(list.length)}</span>
        </h2>
        <span class="muted push">events</span>
      </header>
      {list.length === 0 ? (
        <p class="empty">Nobody has published yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it
        <ul class="publishers ages" tabIndex={0} aria-label="Publishers, the busiest first">
          {list.slice(0, shown).map((publisher) => (
            <PublisherRow key={publisher.publisher} publisher={publisher} />
          ))}
        </ul>
      )}
      <MoreButton count={list.length} shown={shown} onMore={() => setShown(Infinity)} />
    </section>
  );
}

function PublisherRow({ publisher }: { publisher: Publisher }) {
  const [shown, setShown] = useState(FIRST_TYPES);
  const { types } = publisher;
  const left = types.length - shown;
  const current = events.filter.value.type;
  return (
    <li>
      <p class="publisher" title={format.visible(publisher.publisher)}>
        <span class="truncate">{format.visible(nameOf(publisher))}</span>
        <span>{format.shortCount(publisher.events)}</span>
      </p>
      <p class="names">
        {types.slice(0, shown).map(({ type, events: count }) => (
          <button
            key={type}
            type="button"
            class="chip"
            aria-pressed={type === current}
            onClick={() => events.setFilter({ type: type === current ? "" : type })}
          >
            <span class="truncate">{format.visible(type)}</span>
            <span class="muted">{format.shortCount(count)}</span>
          </button>
        ))}
        {left > 0 && (
          <button type="button" class="chip" onClick={() => setShown(types.length)}>
            {format.count(left)} more
          </button>
        )}
      </p>
    </li>
  );
}
