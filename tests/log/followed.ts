import type { Draft, Entry } from "../../src/log/entry.ts";
import { IdConflict, type Store, type Stretch } from "../../src/log/store.ts";

/** A store that is followed, and asked in the ways in which tests ask. It must read at once. */
export class Followed<S extends Store = Store> {
  readonly store: S;
  /** All that the store has told. */
  readonly told: Entry[] = [];
  readonly warnings: string[] = [];
  head: number;

  constructor(store: S) {
    this.store = store;
    const start = store.follow({
      kept: (entries) => {
        this.told.push(...entries);
        this.head = entries.at(-1)?.position ?? this.head;
      },
      rolledBack() {},
      failed() {},
      works() {},
      warned: (message) => void this.warnings.push(message),
      noted() {},
    });
    this.head = atOnce(start).head;
  }

  get count(): number {
    return this.store.count;
  }

  get bytes(): number {
    return this.store.bytes;
  }

  get earliest(): Entry | undefined {
    const { earliest } = this.store;
    return earliest === undefined ? undefined : this.at(earliest);
  }

  /** Appends the drafts, and answers what is new of them. */
  async append(drafts: readonly Draft[], recipients: readonly number[] = []): Promise<readonly Entry[]> {
    const before = this.told.length;
    const [receipts] = await this.store.append([{ drafts, recipients }]);
    if (receipts instanceof IdConflict) throw receipts;
    return this.told.slice(before);
  }

  async trim(): Promise<void> {
    await this.store.trim();
  }

  locate(cursor: string): number | undefined {
    return atOnce(this.store.locate(cursor, () => true));
  }

  /** The held event with this id, or at this place. */
  find(id: string): Entry | undefined {
    const position = this.locate(id);
    return position === undefined ? undefined : this.at(position);
  }

  at(position: number): Entry | undefined {
    return this.read(position - 1, 1).find((entry) => entry.position === position);
  }

  read(after: number, limit: number): readonly Entry[] {
    return atOnce(this.store.read(after, limit)).entries;
  }

  /** All that the store gives to who reads it from its beginning, in order. */
  stretches(topics?: readonly string[]): Stretch[] {
    const stretches: Stretch[] = [];
    for (let position = 0; position < this.head; ) {
      const stretch = atOnce(this.store.read(position, 256, topics));
      if (stretch.upTo <= position) throw new Error("a read got nowhere");
      stretches.push(stretch);
      position = stretch.upTo;
    }
    return stretches;
  }

  /** The events in those. */
  all(topics?: readonly string[]): Entry[] {
    return this.stretches(topics).flatMap(({ entries }) => entries);
  }

  close(): void {
    atOnce(this.store.close());
  }
}

function atOnce<T>(answer: T | Promise<T>): T {
  if (answer instanceof Promise) throw new Error("the store took its time");
  return answer;
}
