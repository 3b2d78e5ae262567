import { signal } from "@preact/signals";

/** The page's views, in the order of its tabs. */
export const views = ["live", "publish", "dashboard", "subscribe"] as const;
export type View = (typeof views)[number];

/** The view that the address names: `#publish`. */
export const view = signal<View>(viewOf() ?? "live");

export function followRoute(): void {
  addEventListener("hashchange", ({ newURL }) => {
    // Not the address of now: a view that goes may have put its own into it since.
    const named = viewOf(new URL(newURL).hash);
    // Another address, such as #main, is a place within the view.
    if (!named) return;
    view.value = named;
    scrollTo(0, 0);
  });
}

function viewOf(hash?: string): View | undefined {
  const [name] = partsOf(hash);
  return views.find((known) => known === name);
}

/** What the address says besides the view: `#live?type=order`. */
export function namedQuery(): URLSearchParams {
  return new URLSearchParams(partsOf()[1]);
}

/** Puts what is shown into the address, so that it can be kept and passed on. Empty values are left out. */
export function nameQuery(of: View, values: Readonly<Record<string, string | readonly string[]>>): void {
  const pairs = Object.entries(values).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const query = new URLSearchParams(pairs.filter(([, value]) => value !== "")).toString();
  const hash = query === "" ? `#${of}` : `#${of}?${query}`;
  if (globalThis.location.hash !== hash) history.replaceState(null, "", hash);
}

function partsOf(hash = globalThis.location?.hash ?? ""): string[] {
  return hash.slice(1).split("?", 2);
}
