/** The name under which all are counted for whom there was no room. */
export const OTHER = "other";

/** Counts by name, of which there are no more than so many: metrics must not grow with what strangers send. */
export class BoundedCounts {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  add(name: string): void {
    const known = this.#counts.get(name);
    const counted = known !== undefined || this.#counts.size < this.#max ? name : OTHER;
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
  }

  [Symbol.iterator](): Iterator<[name: string, count: number]> {
    return this.#counts.entries();
  }
}

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
