/**
 * The right to end one piece of work: by the caller's signal, or when it takes too long.
 * (`AbortSignal.any` and `.timeout` come near, but are missing in browsers still in use, and
 * `timeout` can't start again at every sign of life.)
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #follow = () => this.end(this.#parent?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parent: AbortSignal | undefined) {
    this.#parent = parent;
    parent?.addEventListener("abort", this.#follow);
    if (parent?.aborted) this.#follow();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the work unless `stop` or another `start` comes within that many milliseconds. */
  start(ms: number, reason: string): void {
    this.stop();
    this.#timer = setTimeout(() => this.end(new Error(reason)), ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the work, if it still runs, and lets go of the caller's signal. */
  end(reason?: unknown): void {
    this.stop();
    this.#parent?.removeEventListener("abort", this.#follow);
    this.#controller.abort(reason);
  }

  /**
   * The promise's outcome, or a rejection when the work is ended first. (`Promise.race` against one
   * long-lived promise would keep every loser in memory for as long as that one lives.)
   */
  race<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const end = () => reject(signal.reason);
      const settled = () => signal.removeEventListener("abort", end);
      signal.addEventListener("abort", end);
      promise.then(resolve, reject).then(settled);
      if (signal.aborted) end();
    });
  }
}
