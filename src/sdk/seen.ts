/** How many events are remembered: more than a hub sends twice, few enough to cost nothing. */
const MAX_SEEN = 1000;

/**
 * The last events delivered. A hub sends none twice on one connection, but a resume goes to the earliest
 * event with the id, and another topic may have had an event of the same id since. That one is another
 * event, so its id alone does not say whether it was delivered.
 */
export class Seen {
  readonly #keys = new Set<string>();

  add(id: string, type: string, data: string): void {
    this.#keys.add(keyOf(id, type, data));
    if (this.#keys.size <= MAX_SEEN) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      break;
    }
  }

  has(id: string, type: string, data: string): boolean {
    return this.#keys.has(keyOf(id, type, data));
  }
}

/** Without the data itself, which may be large. */
function keyOf(id: string, type: string, data: string): string {
  let hash = 0;
  for (let i = 0; i < data.length; i++) hash = (Math.imul(hash, 31) + data.charCodeAt(i)) | 0;
  return JSON.stringify([id, type, data.length, hash]);
}
