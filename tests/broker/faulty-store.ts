import { createEntry, type Entry } from "../../src/log/entry.ts";
import type { Life } from "../../src/log/lives.ts";
import {
  type Batch,
  DEFAULT_BOUNDS,
  type Follower,
  IdConflict,
  type LogStart,
  type MayRead,
  type Receipt,
  type Store,
  type Stretch,
} from "../../src/log/store.ts";
import { newWord, parsePlace, placeText } from "../../src/protocol/place.ts";

/** A store that forgets what it is told to: a stretch in its middle, or its newest events. */
export class FaultyStore implements Store {
  readonly name = "faulty";
  readonly bounds = DEFAULT_BOUNDS;
  readonly #slots: (Entry | undefined)[] = [];
  readonly #lives: Life[] = [{ word: newWord(), first: 1 }];
  #follower: Follower | undefined;

  get earliest(): number | undefined {
    return this.#slots.find((entry) => entry)?.position;
  }

  get count(): number {
    return this.#slots.filter((entry) => entry).length;
  }

  get bytes(): number {
    return 0;
  }

  follow(follower: Follower): LogStart {
    this.#follower = follower;
    return { head: this.#slots.length, lives: this.#lives };
  }

  append(batches: readonly Batch[]): (readonly Receipt[] | IdConflict)[] {
    const kept: Entry[] = [];
    const answers = batches.map(({ drafts, recipients }) => {
      const again = drafts.find(
        ({ id }) => id !== undefined && this.#slots.some((entry) => entry?.id === id),
      );
      if (again?.id !== undefined) return new IdConflict(again.id);
      return drafts.map((draft, i): Receipt => {
        const word = this.#lives.at(-1)?.word ?? "";
        const position = this.#slots.length + 1;
        const id = draft.id ?? placeText({ word, position });
        const count = recipients[i] ?? 0;
        const place = { word, position, id, keptAt: 0, recipients: count, erased: false };
        const entry = createEntry({ ...draft, ...place });
        this.#slots.push(entry);
        kept.push(entry);
        return { position, id, recipients: count, duplicate: false };
      });
    });
    this.#follower?.kept(kept);
    return answers;
  }

  /** These positions, both included, can't be read any more. */
  lose(from: number, to: number): void {
    for (let position = from; position <= Math.min(to, this.#slots.length); position++) {
      this.#slots[position - 1] = undefined;
    }
  }

  /** What came after the position is lost, and another life begins. */
  rollBack(to: number): void {
    if (to >= this.#slots.length) return;
    this.#slots.length = to;
    while ((this.#lives.at(-1)?.first ?? 0) > to + 1) this.#lives.pop();
    this.#lives.push({ word: newWord(), first: to + 1 });
    this.#follower?.rolledBack(to);
  }

  trim(): void {}

  locate(cursor: string, mayRead: MayRead): number | undefined {
    const place = parsePlace(cursor);
    const index = this.#lives.findIndex(({ word }) => word === place?.word);
    const life = this.#lives[index];
    if (!place || !life) return this.#slots.find((entry) => entry?.id === cursor && mayRead(entry))?.position;
    if (place.position === 0) return life.first - 1;
    const end = (this.#lives[index + 1]?.first ?? this.#slots.length + 1) - 1;
    return place.position >= life.first && place.position <= end ? place.position : undefined;
  }

  read(after: number, limit: number): Stretch {
    let first = after;
    while (first < this.#slots.length && !this.#slots[first]) first++;
    const missing = first > after ? { from: after + 1, to: first } : undefined;
    const entries: Entry[] = [];
    for (let i = first; entries.length < limit; i++) {
      const entry = this.#slots[i];
      if (!entry) break;
      entries.push(entry);
    }
    return { entries, upTo: first + entries.length, missing };
  }

  close(): void {}
}
