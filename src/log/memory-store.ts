import { type Clock, steadyClock } from "./clock.ts";
import { type Draft, Entry } from "./entry.ts";
import { Ids, positionIn } from "./ids.ts";
import { RecentEntries } from "./recent-entries.ts";
import { type Bounds, DEFAULT_BOUNDS, type Store } from "./store.ts";

/** A store that lasts as long as the process. */
export class MemoryStore implements Store {
  readonly name = "memory";
  readonly bounds: Bounds;
  head = 0;
  readonly #now: Clock;
  readonly #ids = new Ids();
  /** Those whose ids are their publishers'. The others are found by the position in theirs. */
  readonly #named = new Map<string, Entry>();
  readonly #window = new RecentEntries();

  constructor(bounds: Partial<Bounds> = {}, now: Clock = steadyClock()) {
    this.bounds = { ...DEFAULT_BOUNDS, ...bounds };
    this.#now = now;
  }

  get earliest(): Entry | undefined {
    return this.#window.earliest;
  }

  get count(): number {
    return this.#window.count;
  }

  get bytes(): number {
    return this.#window.bytes;
  }

  append(drafts: readonly Draft[], recipients: readonly number[]): readonly Entry[] {
    const keptAt = this.#now();
    this.#ids.avoid(drafts);
    const appended = drafts.map((draft, i) => {
      const position = ++this.head;
      const id = draft.id ?? this.#ids.at(position);
      const entry = new Entry({ position, id, keptAt, recipients: recipients[i] ?? 0 }, draft);
      this.#window.push(entry);
      if (draft.id !== undefined) this.#named.set(id, entry);
      return entry;
    });
    this.#dropPast(keptAt);
    return appended;
  }

  trim(): void {
    this.#dropPast(this.#now());
  }

  find(id: string): Entry | undefined {
    const position = positionIn(id);
    const entry = position === undefined ? undefined : this.#window.at(position);
    return entry?.id === id ? entry : this.#named.get(id);
  }

  read(after: number, limit: number): readonly Entry[] {
    return this.#window.read(after, limit);
  }

  close(): void {}

  #dropPast(now: number): void {
    const { events, bytes, age } = this.bounds;
    const window = this.#window;
    for (let oldest = window.earliest; oldest; oldest = window.earliest) {
      if (window.count <= events && window.bytes <= bytes && now - oldest.keptAt <= age) break;
      if (this.#named.size > 0) this.#named.delete(oldest.id);
      window.shift();
    }
  }
}
