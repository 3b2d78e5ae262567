/** The hub's address: the folder that the page is in, whatever path a proxy shows it below. */
export const hubUrl = new URL(".", globalThis.location?.href ?? "http://localhost/").href;

/** The address of a route of the hub. */
export function hubRoute(path: string): string {
  return new URL(path, hubUrl).href;
}
