import { renameSync } from "node:fs";
import { open } from "node:fs/promises";
import { inSlices } from "../../timers.ts";
import { StoreFailure, type Stretch } from "../store.ts";
import { FileWriter, type LogState } from "./file-writer.ts";

/** How many events are copied between two looks at the clock, at most. */
const READ_LIMIT = 100;

/** What a backup is made of. */
export interface BackupSource extends LogState {
  /** The position after which it begins. */
  readonly after: number;
  read(after: number, limit: number): Stretch;
}

/** The same of a log that is kept elsewhere. */
export interface RemoteSource extends LogState {
  readonly after: number;
  /** Whether the log is still the one that the copy began with. */
  readonly isSame: () => boolean;
  read(after: number, limit: number): Promise<Stretch>;
}

/** The backups that a store is writing. */
export class Backups {
  readonly #writers = new Set<FileWriter>();

  /**
   * Writes a copy of the log, as it is now, that can be opened as a store: in slices, while the store
   * goes on. The file appears when it is complete.
   */
  async write(path: string, source: BackupSource): Promise<void> {
    const partial = `${path}.partial`;
    await inSlices(this.steps(partial, source));
    await complete(partial, path);
  }

  /**
   * The same for a log that is kept elsewhere.
   *
   * @throws StoreFailure when the log has begun another life meanwhile: what was copied may be lost.
   */
  async gather(path: string, source: RemoteSource): Promise<void> {
    const partial = `${path}.partial`;
    const writer = new FileWriter(partial);
    this.#writers.add(writer);
    try {
      await gather(source, writer);
    } catch (error) {
      writer.abandon();
      throw error;
    } finally {
      this.#writers.delete(writer);
    }
    await complete(partial, path);
  }

  /** The same, a block a step, to the path itself. */
  *steps(path: string, source: BackupSource): Generator<void, void, void> {
    const writer = new FileWriter(path);
    this.#writers.add(writer);
    try {
      yield* copy(source, writer);
    } catch (error) {
      writer.abandon();
      throw error;
    } finally {
      this.#writers.delete(writer);
    }
  }

  /** The data of the event at a position is in none of them. */
  erase(position: number): void {
    for (const writer of this.#writers) writer.erase(position);
  }
}

async function gather(source: RemoteSource, writer: FileWriter): Promise<void> {
  const { head } = source;
  for (let position = source.after; position < head; ) {
    const { entries, upTo } = await source.read(position, Math.min(READ_LIMIT, head - position));
    if (!source.isSame()) throw new StoreFailure(new Error("the log has changed while it was copied"));
    await inSlices(writer.add(entries.filter((entry) => entry.position <= head)));
    if (upTo === position) break;
    position = upTo;
  }
  writer.finish(source);
}

/** What is complete outlasts a crash, and appears at its path. */
async function complete(partial: string, path: string): Promise<void> {
  const file = await open(partial, "r+");
  await file.datasync();
  await file.close();
  renameSync(partial, path);
}

function* copy(source: BackupSource, writer: FileWriter): Generator<void, void, void> {
  const { head } = source;
  for (let position = source.after; position < head; ) {
    const { entries, upTo } = source.read(position, Math.min(READ_LIMIT, head - position));
    yield* writer.add(entries.filter((entry) => entry.position <= head));
    if (upTo === position) break;
    position = upTo;
  }
  writer.finish(source);
}
