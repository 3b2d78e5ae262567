import { turn } from "../timers.ts";

/** How long the work goes on before everything else in the process has its turn, in ms. */
const MAX_TURN_MS = 2;
/**
 * How much may be written in one turn: the runtime sends it when the turn ends, which takes longer
 * than to hand it over. In bytes.
 */
const MAX_TURN_BYTES = 512 * 1024;

/**
 * Work in small steps, a step for each in turn: nobody waits for the end of another's work, and
 * the rest of the process waits a few milliseconds at most, however much there is to do.
 */
export class RoundRobin<T> {
  readonly #step: (item: T) => Promise<boolean>;
  readonly #ended: () => void;
  #next: T[] = [];
  #running = false;
  #bytes = 0;

  /**
   * @param step does a little for an item; true if there is more to do for it. It must not throw.
   * @param ended is called when there is nothing more to do for any.
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

  /** A step has written so many bytes. */
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
