/** Removed clients reconnect within a period of at least this length, in ms. */
const MIN_SPREAD_MS = 1000;
/** The time between two groups of removals, in ms. */
const STEP_MS = 20;

/** The clients that {@link drain} removes. */
export interface Drained<C> {
  /** The number of clients that are left. Some disconnect by themselves. */
  readonly count: () => number;
  /** Tells the client to reconnect after `retry` milliseconds, and removes it. */
  readonly remove: (client: C, retry: number) => void;
}

/**
 * Removes clients one after the other. Each is told to reconnect after the drain, at a time of its own.
 *
 * @param over how long this takes, in milliseconds
 * @param minRetry the shortest reconnection time that a client is told, in milliseconds
 */
export async function drain<C>(
  clients: readonly C[],
  over: number,
  minRetry: number,
  { count, remove }: Drained<C>,
): Promise<void> {
  const startedAt = performance.now();
  // The first client is removed at once, so a drain of one client takes no time.
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
