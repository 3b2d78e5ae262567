/** The name for everything that is not counted by its own name. */
export const OTHER = "other";

/** Counts by name, for a bounded number of names. Strangers must not be able to make metrics grow. */
export class BoundedCounts {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  add(name: string, count = 1): void {
    const known = this.#counts.get(name);
    const counted = known !== undefined || this.#counts.size < this.#max ? name : OTHER;
    this.#counts.set(counted, (known ?? this.#counts.get(counted) ?? 0) + count);
  }

  [Symbol.iterator](): Iterator<[name: string, count: number]> {
    return this.#counts.entries();
  }
}

/** The number of requests that a route has answered with a status. */
export interface RequestCount {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  count: number;
}

/** The methods of the routes. All others are counted as one. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "DELETE", "OPTIONS"]);

/** Counts answers by method, route and status. The hub has few of each, so the counts are bounded. */
export class RequestCounts {
  readonly #counts = new Map<string, RequestCount>();

  /**
   * Counts an answer, and returns its count.
   *
   * @param last the count of an answer of the same route before, which is often the same one: to find it by
   * its names takes longer.
   */
  add(given: string, route: string, status: number, last?: RequestCount): RequestCount {
    if (last?.status === status && last.method === given && last.route === route) {
      last.count++;
      return last;
    }
    const method = METHODS.has(given) ? given : OTHER;
    const key = `${method} ${route} ${status}`;
    const count = this.#counts.get(key) ?? { method, route, status, count: 0 };
    count.count++;
    this.#counts.set(key, count);
    return count;
  }

  [Symbol.iterator](): Iterator<RequestCount> {
    return this.#counts.values();
  }
}
