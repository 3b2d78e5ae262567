import { type Draft, Entry } from "./entry.ts";
import { type Bounds, DEFAULT_BOUNDS, type Store } from "./store.ts";

/** Gone slots at the front are given back when they are as many as this, and half of all. */
const COMPACT_AT = 1024;

/** A store that lasts as long as the process. */
export class MemoryStore implements Store {
  readonly name = "memory";
  head = 0;
  bytes = 0;
  readonly #bounds: Bounds;
  // A log of another life must not be taken for this one when a client resumes, so ids begin with
  // a word drawn when the store is made. No clock is asked: one that jumps changes nothing.
  readonly #epoch = crypto.randomUUID().slice(0, 8);
  readonly #byId = new Map<string, Entry>();
  #entries: Entry[] = [];
  #first = 0;

  constructor(bounds: Bounds = DEFAULT_BOUNDS) {
    this.#bounds = bounds;
  }

  get earliest(): Entry | undefined {
    return this.#entries[this.#first];
  }

  get count(): number {
    return this.#entries.length - this.#first;
  }

  append(drafts: readonly Draft[]): readonly Entry[] {
    const appended = drafts.map((draft) => this.#add(draft));
    this.#trim();
    return appended;
  }

  find(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  read(after: number, limit: number): readonly Entry[] {
    const oldest = this.earliest;
    if (!oldest) return [];
    const start = this.#first + Math.max(0, after + 1 - oldest.position);
    return this.#entries.slice(start, start + limit);
  }

  close(): void {}

  #add(draft: Draft): Entry {
    const position = ++this.head;
    let id = draft.id ?? `${this.#epoch}-${position}`;
    // A publisher may have guessed it.
    while (draft.id === undefined && this.#byId.has(id)) id += "+";
    const entry = new Entry(position, id, draft);
    this.#entries.push(entry);
    this.#byId.set(id, entry);
    this.bytes += entry.size;
    return entry;
  }

  #trim(): void {
    const { events, bytes } = this.#bounds;
    for (let oldest = this.earliest; oldest; oldest = this.earliest) {
      if (this.count <= events && this.bytes <= bytes) break;
      this.#byId.delete(oldest.id);
      this.bytes -= oldest.size;
      this.#first++;
    }
    if (this.#first >= COMPACT_AT && this.#first * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
