import * as format from "../format.ts";
import { tick } from "../hub.ts";

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
        <dl class="facts store ages">
          <div>
            <dt>Events held</dt>
            <dd>{format.count(store.events)}</dd>
          </div>
          <div>
            <dt>Size</dt>
            <dd>{format.bytes(store.bytes).join(" ")}</dd>
          </div>
          <div>
            <dt>Oldest</dt>
            <dd class="mono truncate">{store.earliest ?? "none"}</dd>
          </div>
          {store.failing && (
            <div>
              <dt>State</dt>
              <dd class="bad">It fails; the hub's log says why.</dd>
            </div>
          )}
        </dl>
      )}
    </section>
  );
}
