import type { Database, Statement } from "bun:sqlite";
import type { EndChanges, TopicEnd } from "../ended-topics.ts";

interface Row {
  readonly topic: string;
  readonly position: number;
  readonly private: number;
}

/** The ended topics in a store file. */
export class EndedTable {
  readonly #db: Database;
  readonly #put: Statement<unknown, [string, number, number]>;
  readonly #delete: Statement<unknown, [string]>;

  constructor(db: Database) {
    this.#db = db;
    this.#put = db.prepare("INSERT OR REPLACE INTO ended_topic (topic, position, private) VALUES (?, ?, ?)");
    this.#delete = db.prepare("DELETE FROM ended_topic WHERE topic = ?");
  }

  /** All ends, oldest first. */
  load(): readonly TopicEnd[] {
    const rows = this.#db.query<Row, []>(
      "SELECT topic, position, private FROM ended_topic ORDER BY position",
    );
    return rows.all().map((row) => ({ ...row, private: row.private !== 0 }));
  }

  write(changes: EndChanges): void {
    for (const [topic, end] of changes) {
      if (end) this.#put.run(topic, end.position, Number(end.private));
      else this.#delete.run(topic);
    }
  }
}
