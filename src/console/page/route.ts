import { signal } from "@preact/signals";

/** The page's views, in the order of its tabs. */
export const views = ["live", "publish", "dashboard", "subscribe"] as const;
export type View = (typeof views)[number];

/** The view that the address names: `#publish`. */
export const view = signal<View>(namedView() ?? "live");

export function followRoute(): void {
  addEventListener("hashchange", () => {
    const named = namedView();
    // Another address, such as #main, is a place within the view.
    if (!named) return;
    view.value = named;
    scrollTo(0, 0);
  });
}

function namedView(): View | undefined {
  const name = globalThis.location?.hash.slice(1);
  return views.find((known) => known === name);
}
