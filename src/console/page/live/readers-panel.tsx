import { useSignal } from "@preact/signals";
import { events } from "../data/event-list.ts";
import * as format from "../format.ts";
import { hubRoute } from "../hub-url.ts";
import { useRefresh } from "./refresh.ts";

/** How often the hub is asked, in ms. */
const REFRESH_INTERVAL_MS = 2000;
/** How many names are shown. */
const MAX_NAMES = 24;

/** As `GET /subscriptions` answers. */
interface Readers {
  readonly topic: string;
  readonly readers: number;
  readonly subjects?: readonly string[];
  readonly more?: number;
  readonly silent?: readonly string[];
}

/** Who reads the topic that the stream is filtered by; or anything, without one. */
export function ReadersPanel() {
  const known = useSignal<Readers | undefined>(undefined);
  const topic = events.filter.value.topic.trim() || "*";
  useRefresh(
    async () => {
      const readers = await readersOf(topic);
      // An answer that was overtaken is of a topic that is not asked for any more.
      if (readers) known.value = readers;
    },
    REFRESH_INTERVAL_MS,
    topic,
  );
  const now = known.value?.topic === topic ? known.value : undefined;
  const { readers = 0, subjects = [], more = 0, silent = [] } = now ?? {};
  return (
    <section class="panel" aria-label="Readers">
      <header class="panel-head">
        <h2>
          Readers <span class="count">{now && format.count(readers)}</span>
        </h2>
        <span class="muted push truncate">
          {topic === "*" ? "of any topic" : `of ${format.visible(topic)}`}
        </span>
      </header>
      <div class="readers ages">
        {subjects.length === 0 ? (
          <p class="muted">{readers === 0 ? "Nobody reads it." : "Their tokens name nobody."}</p>
        ) : (
          <p class="names">
            {subjects.slice(0, MAX_NAMES).map((subject) => (
              <span key={subject} class="chip">
                <span class="truncate">{format.visible(subject)}</span>
              </span>
            ))}
            {subjects.length + more > MAX_NAMES && (
              <span class="muted">and {format.count(subjects.length + more - MAX_NAMES)} more</span>
            )}
          </p>
        )}
        {silent.length > 0 && <p class="muted">Without those of {silent.join(", ")}</p>}
      </div>
    </section>
  );
}

/** Nothing where the hub can't say, as of a text that is no topic. */
async function readersOf(topic: string): Promise<Readers | undefined> {
  try {
    const answer = await fetch(hubRoute(`subscriptions?${new URLSearchParams({ topic })}`));
    // The hub that made this page made the answer too.
    return answer.ok ? ((await answer.json()) as Readers) : undefined;
  } catch {
    return undefined;
  }
}
