import { turn } from "../timers.ts";

/** How long the work goes on before everything else in the process has its turn, in ms. */
const SLICE_MS = 4;

/**
 * Work in small steps, a step for each in turn: nobody waits for the end of another's work, and
 * the rest of the process waits a few milliseconds at most, however much there is to do.
 */
export class RoundRobin<T> {
  readonly #step: (item: T) => Promise<boolean>;
  #next: T[] = [];
  #running = false;

  /** `step` does a little for an item; true if there is more to do for it. It must not throw. */
  constructor(step: (item: T) => Promise<boolean>) {
    this.#step = step;
  }

  add(item: T): void {
    this.#next.push(item);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#next.length > 0) {
      await turn();
      const round = this.#next;
      this.#next = [];
      let until = performance.now() + SLICE_MS;
      for (const item of round) {
        if (await this.#step(item)) this.#next.push(item);
        if (performance.now() < until) continue;
        await turn();
        until = performance.now() + SLICE_MS;
      }
    }
    this.#running = false;
  }
}
