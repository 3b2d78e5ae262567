import { batch, effect, signal } from "@preact/signals";

/** The page's views, in the order of its tabs. */
export const views = ["live", "publish", "dashboard", "subscribe"] as const;
export type View = (typeof views)[number];

/** The view that is shown. */
export const view = signal<View>("live");

/** What a view keeps in its address, so that it can be passed on: `#live?type=order`. */
export interface ViewQuery {
  /** What there is now, in signals. Empty values are left out of the address. */
  read(): Readonly<Record<string, string | readonly string[]>>;
  /** Takes what an address says. An address without a query leaves what there is. */
  take(query: URLSearchParams): void;
}

/**
 * Shows the view that the address names, and keeps what is shown in the address. Nothing else writes
 * it, and a change is there at once: a reload, or the next view, finds what was chosen just before.
 */
export function followRoute(queries: Readonly<Partial<Record<View, ViewQuery>>>): void {
  const write = () => {
    const hash = hashOf(view.value, queries[view.value]);
    if (location.hash === hash) return;
    try {
      history.replaceState(null, "", hash);
    } catch {
      // Browsers refuse changes that come too fast, as from a key that is held. A later one is written.
    }
  };
  take(location.hash, queries);
  effect(write);
  addEventListener("hashchange", ({ newURL }) => {
    // Not the address of now: a choice in the view that goes may have been written since.
    if (!take(new URL(newURL).hash, queries)) return;
    // The link of the view that is shown changes nothing else, but has no query.
    write();
    scrollTo(0, 0);
  });
}

/** Whether the address names a view. Another one, such as `#main`, is a place within the view. */
function take(hash: string, queries: Readonly<Partial<Record<View, ViewQuery>>>): boolean {
  const [name, query] = hash.slice(1).split("?", 2);
  const named = views.find((known) => known === name);
  if (!named) return false;
  batch(() => {
    if (query) queries[named]?.take(new URLSearchParams(query));
    view.value = named;
  });
  return true;
}

function hashOf(of: View, query?: ViewQuery): string {
  const pairs = Object.entries(query?.read() ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one]),
  );
  const text = new URLSearchParams(pairs.filter(([, value]) => value !== "")).toString();
  return text === "" ? `#${of}` : `#${of}?${text}`;
}
