import type { LogListener } from "../log/log.ts";
import type { Logger } from "../logger.ts";

/** The log lines about a store, wherever its log is kept. */
export type StoreLines = Pick<LogListener, "storeFails" | "storeWorks" | "storeWarned" | "storeNoted">;

/** @param store its name */
export function storeLines(logger: Logger, store: string): StoreLines {
  return {
    storeFails: ({ cause }) => logger.error({ store, error: cause }, "store fails"),
    storeWorks: ({ refused, forMs }) => logger.info({ store, for_ms: forMs, refused }, "store works again"),
    storeWarned: (message) => logger.warn({ store }, message),
    storeNoted: (message) => logger.info({ store }, message),
  };
}
