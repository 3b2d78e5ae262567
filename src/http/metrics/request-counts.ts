import { OTHER } from "./bounded-counts.ts";

/** How many requests a route has answered with a status. */
export interface RequestCount {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  count: number;
}

/** The methods that routes take. What others a sender thinks of is one. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "DELETE", "OPTIONS"]);

/** Counts answers by method, route and status: all of them the hub's own words, so there are few. */
export class RequestCounts {
  readonly #counts = new Map<string, RequestCount>();

  add(given: string, route: string, status: number): void {
    const method = METHODS.has(given) ? given : OTHER;
    const key = `${method} ${route} ${status}`;
    const known = this.#counts.get(key);
    if (known) known.count++;
    else this.#counts.set(key, { method, route, status, count: 1 });
  }

  [Symbol.iterator](): Iterator<RequestCount> {
    return this.#counts.values();
  }
}
