/** Clients that are removed come back spread over this time at least, in ms. */
const MIN_SPREAD_MS = 1000;
/** How often some clients are removed, in ms. */
const STEP_MS = 20;

/** What {@link drain} works on. */
export interface Drained<C> {
  /** How many clients are left: they also go by themselves. */
  readonly count: () => number;
  /** Removes the client, which is told to reconnect after that many milliseconds. */
  readonly remove: (client: C, retry: number) => void;
}

/**
 * Removes clients one after the other over that time. Each is told to come back only when the time is
 * over, and not all at once.
 *
 * @param over milliseconds
 * @param minRetry the shortest time that any of them is told to wait, in milliseconds
 */
export async function drain<C>(
  clients: readonly C[],
  over: number,
  minRetry: number,
  { count, remove }: Drained<C>,
): Promise<void> {
  const startedAt = performance.now();
  // The first is removed at once: a single client need not wait for others that there are not.
  const last = over * (1 - 1 / clients.length);
  for (let removed = 0; removed < clients.length && count() > 0; ) {
    const elapsed = performance.now() - startedAt;
    const due = over > 0 ? Math.floor((elapsed / over) * clients.length) + 1 : clients.length;
    for (const client of clients.slice(removed, due)) {
      const retry = Math.max(minRetry, last - elapsed) + Math.random() * Math.max(over / 2, MIN_SPREAD_MS);
      remove(client, Math.round(retry));
    }
    removed = due;
    if (removed < clients.length) await Bun.sleep(STEP_MS);
  }
}
