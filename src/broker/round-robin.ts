import { turn } from "../timers.ts";

/** The longest time before the rest of the process has its turn, in ms. */
const MAX_TURN_MS = 2;
/**
 * The most bytes written in one turn. The runtime sends them at the end of the turn, which takes longer
 * than the writes.
 */
const MAX_TURN_BYTES = 512 * 1024;

/**
 * Does the work of many items in small steps, one step for each item in turn. No item waits for the end
 * of another, and the rest of the process waits a few milliseconds at most.
 */
export class RoundRobin<T> {
  readonly #step: (item: T) => Promise<boolean>;
  readonly #ended: () => void;
  #next: T[] = [];
  #running = false;
  #bytes = 0;

  /**
   * @param step does one step for an item, and returns whether there is more to do for it. It must not throw.
   * @param ended is called when all items are done.
   */
  constructor(step: (item: T) => Promise<boolean>, ended: () => void) {
    this.#step = step;
    this.#ended = ended;
  }

  add(item: T): void {
    this.#next.push(item);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** Called by a step that has written bytes. */
  wrote(bytes: number): void {
    this.#bytes += bytes;
  }

  async #run(): Promise<void> {
    while (this.#next.length > 0) {
      const round = this.#next;
      this.#next = [];
      let until = 0;
      for (const item of round) {
        if (this.#bytes >= MAX_TURN_BYTES || performance.now() >= until) {
          await turn();
          this.#bytes = 0;
          until = performance.now() + MAX_TURN_MS;
        }
        if (await this.#step(item)) this.#next.push(item);
      }
    }
    this.#running = false;
    this.#ended();
  }
}
