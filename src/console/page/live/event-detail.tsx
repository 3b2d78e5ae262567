import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { encodeFrame } from "../../../protocol/frame.ts";
import { useNow } from "../components/connection-lamp.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { Icon } from "../components/icon.tsx";
import { JsonView } from "../components/json-view.tsx";
import { events, type ListedEvent } from "../data/event-list.ts";
import { hubOffset } from "../data/hub.ts";
import * as format from "../format.ts";
import { hubRoute } from "../hub-url.ts";
import { publishAgain } from "../publish/draft.ts";

/** So much of a frame is shown, in characters. The copy has all of it. */
const MAX_FRAME_LENGTH = 4096;

interface EventDetailProps {
  readonly event: ListedEvent;
  readonly onClose: () => void;
}

/** One event: its data, its frame as sent, and what is known of it. */
export function EventDetail({ event, onClose }: EventDetailProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { json, missing } = useWholeJson(event);
  const { id, type, topics, recipients, retry } = event;

  // Once, as it opens: the arrow keys in the table change the event and must stay there. Before the
  // paint: later it would take the focus from where the user has gone meanwhile.
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), []);

  return (
    <aside
      class="detail"
      aria-label="Event"
      onKeyDown={({ key }) => {
        if (key === "Escape") onClose();
      }}
    >
      <header class="panel-head">
        <h2 ref={heading} tabIndex={-1} class="truncate">
          {format.visible(type)}
        </h2>
        <button
          type="button"
          class="button quiet icon-only push"
          aria-label="Close the event"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="detail-body">
        <dl class="facts">
          <div>
            <dt>Id</dt>
            <dd class="mono">{format.visible(id)}</dd>
          </div>
          <div>
            <dt>Topics</dt>
            <dd>
              {topics.length === 0 && <span class="muted">none: a broadcast to everyone</span>}
              {topics.map((topic) => (
                <button
                  key={topic}
                  type="button"
                  class="chip accent"
                  title={`Show only ${topic}`}
                  onClick={() => events.setFilter({ topic })}
                >
                  <span class="truncate">{topic}</span>
                </button>
              ))}
            </dd>
          </div>
          <div>
            <dt>Age</dt>
            <dd>
              <Age event={event} />
            </dd>
          </div>
          <div>
            <dt>Sent to</dt>
            <dd>{clients(recipients)}</dd>
          </div>
          {retry !== undefined && (
            <div>
              <dt>Retry</dt>
              <dd>tells readers to wait {format.milliseconds(retry).join(" ")}</dd>
            </div>
          )}
          {event.private && (
            <div>
              <dt>Private</dt>
              <dd>only for readers with a grant for its topics</dd>
            </div>
          )}
        </dl>
        {missing ? (
          <p class="field-error">{missing}</p>
        ) : (
          <>
            <div class="detail-part">
              <h3>Data</h3>
              <span class="muted">{format.bytes(new TextEncoder().encode(json).length).join(" ")}</span>
              <CopyButton text={json} label="Copy the data" />
            </div>
            <JsonView json={json} label="Data" />
            <Frame event={event} json={json} />
          </>
        )}
        <button type="button" class="button" onClick={() => publishAgain({ ...event, json })}>
          <Icon name="publish" />
          Edit and publish again
        </button>
      </div>
    </aside>
  );
}

function Frame({ event: { id, type, retry }, json }: { event: ListedEvent; json: string }) {
  const frame = new TextDecoder().decode(encodeFrame({ id, event: type, retry, data: json }));
  // The data is shown above already.
  const isLong = frame.length > MAX_FRAME_LENGTH;
  const shown = format.visible(isLong ? `${frame.slice(0, MAX_FRAME_LENGTH)}…` : frame);
  return (
    <>
      <div class="detail-part">
        <h3>Frame as sent</h3>
        <CopyButton text={frame} label="Copy the frame" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it */}
      <section class="code" tabIndex={0} aria-label="Frame as sent">
        <pre class="wrap">{shown}</pre>
      </section>
    </>
  );
}

function Age({ event: { time } }: { event: ListedEvent }) {
  const age = Math.max(0, useNow() + hubOffset.value - time) / 1000;
  return (
    <>
      {format.duration(age)} <span class="muted">(published {format.preciseClock(time)})</span>
    </>
  );
}

const clients = (count: number) => `${format.count(count)} ${count === 1 ? "client" : "clients"}`;

/** The event's data, fetched when the list has only the beginning of it. */
function useWholeJson({ id, json, length }: ListedEvent): { json: string; missing: string | undefined } {
  const isCut = json.length < length;
  const [whole, setWhole] = useState<{ id: string; json: string; missing?: string }>();
  useEffect(() => {
    if (!isCut) return;
    const stop = new AbortController();
    fetch(hubRoute(`console/events/${encodeURIComponent(id)}`), { signal: stop.signal })
      .then(async (answer) => {
        if (answer.ok) setWhole({ id, json: await answer.text() });
        else setWhole({ id, json, missing: "The hub does not hold this event any more." });
      })
      .catch(() => {
        if (!stop.signal.aborted) setWhole({ id, json, missing: "The hub can't be reached." });
      });
    return () => stop.abort();
  }, [id, isCut]);
  if (!isCut) return { json, missing: undefined };
  return whole?.id === id ? { json: whole.json, missing: whole.missing } : { json: "", missing: undefined };
}
