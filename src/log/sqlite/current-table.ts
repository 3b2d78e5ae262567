import type { Database, Statement } from "bun:sqlite";
import { decodeBlock, encodeBlock } from "../block.ts";
import type { Changes, CurrentValue } from "../current-values.ts";

interface Row {
  readonly topics: string;
  readonly text: string;
}

/** The current values in a store file. */
export class CurrentTable {
  readonly #db: Database;
  readonly #put: Statement<unknown, [number, string, string]>;
  readonly #delete: Statement<unknown, [number]>;

  constructor(db: Database) {
    this.#db = db;
    this.#put = db.prepare(
      `INSERT INTO current_value (position, topics, text) VALUES (?, ?, ?)
       ON CONFLICT (position) DO UPDATE SET topics = excluded.topics`,
    );
    this.#delete = db.prepare("DELETE FROM current_value WHERE position = ?");
  }

  /** All values that can be read, oldest first, and how many can't. */
  load(): { readonly values: readonly CurrentValue[]; readonly damaged: number } {
    const values: CurrentValue[] = [];
    let damaged = 0;
    const rows = this.#db.query<Row, []>("SELECT topics, text FROM current_value ORDER BY position");
    for (const { topics, text } of rows.iterate()) {
      try {
        const [entry] = decodeBlock(text).entries;
        if (entry) values.push({ entry, topics: JSON.parse(topics) });
      } catch {
        damaged++;
      }
    }
    return { values, damaged };
  }

  write(changes: Changes): void {
    for (const [position, value] of changes) {
      if (!value) {
        this.#delete.run(position);
        continue;
      }
      const { entry, topics } = value;
      const { word, keptAt } = entry;
      const text = encodeBlock({ word, last: position, keptAt, entries: [entry] });
      this.#put.run(position, JSON.stringify(topics), text);
    }
  }
}
