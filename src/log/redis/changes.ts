/** Tells those who wait that something has changed. */
export class Changes {
  #waiting: (() => void)[] = [];

  tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves at the next change, or after this many milliseconds. */
  async next(milliseconds?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const timer = milliseconds === undefined ? undefined : setTimeout(resolve, Math.max(0, milliseconds));
    await promise;
    clearTimeout(timer);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.next();
  }
}
