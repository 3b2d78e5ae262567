import { browsers } from "../browsers.ts";
import { until } from "../until.ts";

const CLOSED = 2;

/** A page with a plain EventSource, in a browser. */
export interface EventSourcePage {
  readonly name: string;
  /** What it has been sent: the data of events of the type `n`, and the names of the hub's own. */
  seen(): Promise<unknown[]>;
  /** Resolves when it has been sent that. @throws when its EventSource has given up. */
  sees(wanted: unknown): Promise<void>;
}

/** Opens a page in each browser that there is, and in each an EventSource at the address. */
export function openEventSources(at: string, address: string): Promise<EventSourcePage[]> {
  const there = browsers.filter(({ isMissing }) => !isMissing);
  return Promise.all(
    there.map(async ({ name, open }) => {
      const page = await open(at);
      // As text: the page's globals are not this process's.
      await page.evaluate(`
        globalThis.seen = [];
        globalThis.source = new EventSource(${JSON.stringify(address)});
        for (const type of ["connected", "tidings.busy", "tidings.gap", "tidings.resumed"]) {
          source.addEventListener(type, () => seen.push(type));
        }
        source.addEventListener("n", ({ data }) => seen.push(JSON.parse(data)));`);
      const seen = async () => (await page.evaluate("seen")) as unknown[];
      return {
        name,
        seen,
        sees: (wanted) =>
          until(async () => {
            const list = await seen();
            if (list.includes(wanted)) return true;
            if ((await page.evaluate("source.readyState")) === CLOSED) {
              throw new Error(`${name} has given up before ${wanted}: ${JSON.stringify(list)}`);
            }
            return false;
          }).then(() => {}),
      };
    }),
  );
}
