import type { Status } from "../../../protocol/status.ts";
import { useNow } from "../components/connection-lamp.tsx";
import { hubOffset, tick } from "../data/hub.ts";
import * as format from "../format.ts";

/** What the hub holds for clients that come back, and how much that may be. */
export function StorePanel() {
  const store = tick.value?.status.store;
  return (
    <section class="panel" aria-label="Store">
      <header class="panel-head">
        <h2>Store</h2>
        <span class="muted push truncate">{store?.name}</span>
      </header>
      {store && (
        <div class="store ages">
          {store.failing && <p class="field-error">It fails; the hub's log says why.</p>}
          <Bound
            title="Events"
            now={format.count(store.events)}
            bound={format.count(store.bounds.events)}
            part={store.events / store.bounds.events}
          />
          <Bound
            title="Size"
            now={format.bytes(store.bytes).join(" ")}
            bound={format.bytes(store.bounds.bytes).join(" ")}
            part={store.bytes / store.bounds.bytes}
          />
          <dl class="facts">
            <div>
              <dt>Kept for</dt>
              <dd>{store.bounds.age === null ? "any age" : format.duration(store.bounds.age / 1000)}</dd>
            </div>
            <div>
              <dt>Oldest</dt>
              <dd title={store.earliest ?? undefined}>
                <Age of={tick.value?.oldest ?? null} />
              </dd>
            </div>
          </dl>
          {store.engine && <Engine engine={store.engine} />}
        </div>
      )}
    </section>
  );
}

/** How old the oldest event is. */
function Age({ of }: { readonly of: number | null }) {
  const now = useNow() + hubOffset.value;
  if (of === null) return <>none yet</>;
  return <>{format.duration(Math.max(0, now - of) / 1000)} ago</>;
}

type EngineFigures = NonNullable<Status["store"]["engine"]>;

/** How the engine is doing that keeps the log for many nodes. */
function Engine({ engine }: { readonly engine: EngineFigures }) {
  return (
    <dl class="facts" aria-label="Engine">
      <div>
        <dt>Engine</dt>
        <dd class="truncate" title={engine.durability}>
          {engine.state}
          {engine.host !== null && <span class="muted"> at {engine.host}</span>}
        </dd>
      </div>
      {engine.reason !== null && <p class="field-error">{engine.reason}</p>}
      <div>
        <dt>Life</dt>
        <dd>{engine.life?.number ?? "none yet"}</dd>
      </div>
      <div>
        <dt>This node is behind by</dt>
        <dd>{format.count(engine.lag)}</dd>
      </div>
      <div>
        <dt>Last append</dt>
        <dd>{(engine.append_seconds * 1000).toFixed(1)} ms</dd>
      </div>
      <div>
        <dt>Put back, lost</dt>
        <dd>
          {format.count(engine.put_back)}, {format.count(engine.lost)}
        </dd>
      </div>
    </dl>
  );
}

interface BoundProps {
  readonly title: string;
  readonly now: string;
  readonly bound: string;
  /** How much of it is used, 0 to 1. */
  readonly part: number;
}

function Bound({ title, now, bound, part }: BoundProps) {
  return (
    <div class="bound">
      <p>
        {title}
        <span>
          {now} <span class="muted">of {bound}</span>
        </span>
      </p>
      <div class="meter" aria-hidden="true">
        <span style={{ transform: `scaleX(${Math.min(1, part)})` }} />
      </div>
    </div>
  );
}
