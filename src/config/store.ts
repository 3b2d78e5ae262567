import { dirname } from "node:path";
import { MemoryStore } from "../log/memory-store.ts";
import type { Sync } from "../log/sqlite/sqlite-file.ts";
import { SqliteStore } from "../log/sqlite/sqlite-store.ts";
import type { Store } from "../log/store.ts";

/** Where the log is kept, and how much of it. */
export interface StoreSettings {
  /** `memory`, or the path of an SQLite file. */
  readonly store: string;
  readonly sync: Sync;
  /** Whether a damaged file is repaired rather than refused. */
  readonly repair: boolean;
  readonly historyEvents: number;
  /** Bytes. */
  readonly historyBytes: number;
  /** Milliseconds; 0 for any age. */
  readonly historyAge: number;
}

/**
 * Opens the store that the settings name.
 *
 * @throws StoreFileError when the file can't be the store.
 */
export function openStore({ store, sync, repair, ...history }: StoreSettings): Store {
  const bounds = {
    events: history.historyEvents,
    bytes: history.historyBytes,
    age: history.historyAge || Number.POSITIVE_INFINITY,
  };
  return store === "memory" ? new MemoryStore(bounds) : new SqliteStore(store, { bounds, sync, repair });
}

/** Where there is room for a copy of the store; undefined for the system's folder for temporary files. */
export function backupFolderOf({ store }: StoreSettings): string | undefined {
  return store === "memory" ? undefined : dirname(store);
}
