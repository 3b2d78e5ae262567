import { dirname, resolve } from "node:path";
import { systemClock } from "../log/clock.ts";
import type { Draft } from "../log/entry.ts";
import { MemoryStore } from "../log/memory-store.ts";
import { isRedisAddress } from "../log/redis/address.ts";
import { unfitness } from "../log/redis/fitness.ts";
import { RedisStore } from "../log/redis/redis-store.ts";
import type { Sync } from "../log/sqlite/sqlite-file.ts";
import { SqliteStore } from "../log/sqlite/sqlite-store.ts";
import type { Store } from "../log/store.ts";
import { NodeRedisStore } from "../nodes/node-redis-store.ts";
import { ConfigError } from "./config-error.ts";

/** Where the log is kept, and how much of it. */
export interface StoreSettings {
  /** `memory`, the path of an SQLite file, or the address of a Redis. */
  readonly store: string;
  /** How many replicas of Redis must have an event before its publisher is answered. */
  readonly replicas: number;
  readonly sync: Sync;
  /** Whether a damaged file is repaired rather than refused. */
  readonly repair: boolean;
  readonly historyEvents: number;
  /** Bytes. */
  readonly historyBytes: number;
  /** Milliseconds; 0 for any age. */
  readonly historyAge: number;
  /** How many current values are kept. */
  readonly retainValues: number;
  /** Bytes of them. */
  readonly retainBytes: number;
  /** How many ended topics are remembered. */
  readonly endedTopics: number;
}

/** Who else uses the store. */
export interface StoreUse {
  /** Whether other processes of the hub read it too. */
  readonly shared?: boolean;
  /** How many clients of other nodes an event is for, where Redis holds the log. */
  readonly recipients?: (draft: Draft) => number;
}

/**
 * Opens the store that the settings name.
 *
 * @throws StoreFileError when the file can't be the store; RedisAddressError; ConfigError when that Redis
 * can't keep a log.
 */
export async function openStore(
  { store, replicas, sync, repair, retainValues, retainBytes, endedTopics, ...history }: StoreSettings,
  { shared = false, recipients }: StoreUse = {},
): Promise<Store> {
  const bounds = {
    events: history.historyEvents,
    bytes: history.historyBytes,
    age: history.historyAge || Number.POSITIVE_INFINITY,
  };
  const currentBounds = { values: retainValues, bytes: retainBytes };
  if (isRedisAddress(store)) {
    const reason = await unfitness(store, replicas);
    if (reason !== undefined) throw new ConfigError(`--store: ${reason}`);
    const options = { bounds, currentBounds, endedTopics, replicas };
    return recipients ? new NodeRedisStore(store, options, recipients) : new RedisStore(store, options);
  }
  return store === "memory"
    ? new MemoryStore(bounds, systemClock, currentBounds, endedTopics)
    : new SqliteStore(store, { bounds, currentBounds, endedTopics, sync, repair, shared });
}

/** The file that the store is in, if it is in one. */
export function storeFileOf({ store }: Pick<StoreSettings, "store">): string | undefined {
  return store === "memory" || isRedisAddress(store) ? undefined : resolve(store);
}

/** Where there is room for a copy of the store; undefined for the system's folder for temporary files. */
export function backupFolderOf(settings: StoreSettings): string | undefined {
  const file = storeFileOf(settings);
  return file === undefined ? undefined : dirname(file);
}
