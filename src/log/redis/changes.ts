/** Tells those who wait that something has changed. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  tell(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Resolves at the next change, or after this many milliseconds. */
  async next(milliseconds?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const timer = milliseconds === undefined ? undefined : setTimeout(resolve, Math.max(0, milliseconds));
    await promise;
    clearTimeout(timer);
    // There may be no change for days, and someone who waits again every few seconds.
    this.#waiting.delete(resolve);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.next();
  }
}
