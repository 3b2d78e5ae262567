import { useSignal } from "@preact/signals";
import * as format from "../format.ts";
import { hubRoute } from "../hub-url.ts";
import { type Publisher, publishersIn } from "./publishers.ts";
import { useRefresh } from "./refresh.ts";

/** How often the hub is asked, in ms. */
const REFRESH_INTERVAL_MS = 3000;
/** How many are listed. */
const MAX_LISTED = 20;

/** Who publishes, and how much. */
export function PublishersPanel() {
  const publishers = useSignal<readonly Publisher[]>([]);
  useRefresh(async () => {
    try {
      const answer = await fetch(hubRoute("metrics"));
      if (answer.ok) publishers.value = publishersIn(await answer.text());
    } catch {
      // What is known stays; the page says elsewhere that the hub is away.
    }
  }, REFRESH_INTERVAL_MS);
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
        <ul class="publishers ages">
          {list.slice(0, MAX_LISTED).map(({ name, events }) => (
            <li key={name}>
              <span class="truncate">{format.visible(name)}</span>
              <span>{format.shortCount(events)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
