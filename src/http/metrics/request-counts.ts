/** How many requests a route has answered with a status. */
export interface RequestCount {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  count: number;
}

/** Counts answers by method, route and status: all of them the hub's own words, so there are few. */
export class RequestCounts {
  readonly #counts = new Map<string, RequestCount>();

  add(method: string, route: string, status: number): void {
    const key = `${method} ${route} ${status}`;
    const known = this.#counts.get(key);
    if (known) known.count++;
    else this.#counts.set(key, { method, route, status, count: 1 });
  }

  [Symbol.iterator](): Iterator<RequestCount> {
    return this.#counts.values();
  }
}
