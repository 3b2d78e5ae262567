/** How many ids are remembered: more than a hub sends twice, few enough to cost nothing. */
const MOST = 1000;

/** The ids of the last events delivered, so that none is delivered twice. */
export class Seen {
  readonly #ids = new Set<string>();

  /** Whether the id is new; remembers it. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MOST) {
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    return true;
  }
}
