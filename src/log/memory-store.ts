import { newWord, parsePlace } from "../protocol/place.ts";
import { inSlices } from "../timers.ts";
import { type Clock, steadyTime, systemClock } from "./clock.ts";
import { type CurrentBounds, type CurrentReader, CurrentValues } from "./current-values.ts";
import { Deduplication } from "./deduplication.ts";
import { type EndedReader, EndedTopics } from "./ended-topics.ts";
import { type Entry, erasedEntry, isNamed, keptEntry } from "./entry.ts";
import { Lives } from "./lives.ts";
import { NamedEntries } from "./named-entries.ts";
import { RecentEntries } from "./recent-entries.ts";
import { Backups } from "./sqlite/backup.ts";
import {
  type Awaitable,
  type Batch,
  type Bounds,
  DEFAULT_BOUNDS,
  type Follower,
  type LogStart,
  type MayRead,
  type Receipt,
  type Refusal,
  type Store,
  type Stretch,
} from "./store.ts";

/** A store that lasts as long as the process. */
export class MemoryStore implements Store {
  readonly name = "memory";
  readonly bounds: Bounds;
  #head = 0;
  readonly #time: () => number;
  readonly #word = newWord();
  readonly #lives = new Lives([{ word: this.#word, first: 1 }]);
  readonly #named = new NamedEntries();
  readonly #recent = new RecentEntries();
  readonly #backups = new Backups();
  #follower: Follower | undefined;
  readonly #current: CurrentValues;
  readonly #ended: EndedTopics;

  constructor(
    bounds: Partial<Bounds> = {},
    clock: Clock = systemClock,
    currentBounds: Partial<CurrentBounds> = {},
    endedTopics?: number,
  ) {
    this.#ended = new EndedTopics(endedTopics);
    this.#current = new CurrentValues(currentBounds);
    this.bounds = { ...DEFAULT_BOUNDS, ...bounds };
    this.#time = steadyTime(clock);
  }

  get earliest(): number | undefined {
    return this.#recent.earliest?.position;
  }

  get current(): CurrentReader {
    return this.#current;
  }

  get ended(): EndedReader {
    return this.#ended;
  }

  get count(): number {
    return this.#recent.count;
  }

  get bytes(): number {
    return this.#recent.bytes;
  }

  follow(follower: Follower): LogStart {
    this.#follower = follower;
    return { head: this.#head, lives: [{ word: this.#word, first: 1 }] };
  }

  append(batches: readonly Batch[]): Awaitable<readonly (readonly Receipt[] | Refusal)[]> {
    return inSlices(this.#append(batches));
  }

  *#append(batches: readonly Batch[]): Generator<void, readonly (readonly Receipt[] | Refusal)[], void> {
    const deduplication = new Deduplication((draft) => this.#named.find(draft), this.#ended);
    for (const batch of batches) yield* deduplication.add(batch);
    const { fresh, recipients } = deduplication;
    const keptAt = this.#time();
    const entries = fresh.map((draft, i) => {
      const entry = keptEntry(draft, this.#word, ++this.#head, keptAt, recipients[i] ?? 0);
      this.#recent.push(entry);
      if (draft.id !== undefined) this.#named.add(entry);
      return entry;
    });
    this.#dropPast(keptAt);
    if (deduplication.retains) this.#current.keep(entries);
    if (deduplication.ends) this.#ended.keep(entries);
    if (entries.length > 0) this.#follower?.kept(entries);
    return deduplication.receipts(entries);
  }

  trim(): void {
    this.#dropPast(this.#time());
  }

  locate(cursor: string, mayRead: MayRead): number | undefined {
    const place = parsePlace(cursor);
    if (!place) return this.#named.locate(cursor, mayRead);
    const position = this.#lives.positionOf(place, this.#head);
    return position !== undefined && position + 1 >= this.#first ? position : undefined;
  }

  read(after: number, limit: number): Stretch {
    const from = Math.max(after, this.#first - 1);
    const missing = from > after ? { from: after + 1, to: from } : undefined;
    const entries = this.#recent.read(from, limit);
    return { entries, upTo: entries.at(-1)?.position ?? from, missing };
  }

  clearCurrent(type: string, topic: string | undefined): boolean {
    const isCleared = this.#current.clear(type, topic).size > 0;
    if (isCleared) this.#follower?.cleared?.(type, topic);
    return isCleared;
  }

  openTopic(topic: string): boolean {
    return this.#ended.open(topic);
  }

  /** Erases the data of an event. False if it is not held. */
  erase(position: number): boolean {
    const wasCurrent = this.#current.erase(position).size > 0;
    this.#backups.erase(position);
    const entry = this.#recent.at(position);
    if (!entry && !wasCurrent) return false;
    if (entry) {
      const erased = erasedEntry(entry);
      this.#recent.replace(erased);
      this.#named.replace(erased);
    }
    this.#follower?.erased?.(position);
    return true;
  }

  /** Writes a copy to a new SQLite file, while the store goes on; the file appears when it is complete. */
  backup(path: string): Promise<void> {
    const read = (after: number, limit: number) => this.read(after, limit);
    return this.#backups.write(path, {
      after: this.#first - 1,
      head: this.#head,
      lives: this.#lives.all,
      current: this.#current.all(),
      ended: this.#ended.all(),
      read,
    });
  }

  close(): void {}

  /** The position of the oldest event that is held, or of the next one. */
  get #first(): number {
    return this.earliest ?? this.#head + 1;
  }

  #dropPast(now: number): void {
    const { events, bytes, age } = this.bounds;
    const recent = this.#recent;
    for (let oldest: Entry | undefined = recent.earliest; oldest; oldest = recent.earliest) {
      if (recent.count <= events && recent.bytes <= bytes && now - oldest.keptAt <= age) break;
      if (isNamed(oldest)) this.#named.remove(oldest);
      recent.shift();
    }
  }
}
