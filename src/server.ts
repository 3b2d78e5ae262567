import { createApp } from "./app.ts";
import { createAuthority } from "./auth/settings.ts";
import { Broker } from "./broker/broker.ts";
import type { Logger } from "./broker/logger.ts";
import type { Config } from "./config.ts";
import { Catalog } from "./events/catalog.ts";
import { EventsFile } from "./events/events-file.ts";
import { keyAccess, openAccess } from "./http/access.ts";
import { listen } from "./listener.ts";
import { MemoryStore } from "./log/memory.ts";
import { assertReach, namesOf } from "./reach.ts";

/** A running hub. */
export interface Server {
  readonly broker: Broker;
  readonly url: string;
  /** Takes no more connections and ends those that are open. */
  stop(): Promise<void>;
}

/**
 * Starts the hub that the configuration describes.
 *
 * @throws ConfigError when what it says is wrong; CatalogError when its events file is no good;
 * ListenError when it can't listen where it says.
 */
export async function startServer(config: Config, logger: Logger): Promise<Server> {
  const authority = createAuthority(config, logger);
  const hasKeys = authority !== undefined;
  assertReach(config, hasKeys);
  const catalog = new Catalog();
  const stopFollowing = config.events === undefined ? () => {} : await follow(config.events, catalog, logger);
  const store = new MemoryStore({ events: config.historyEvents, bytes: config.historyBytes });
  const broker = new Broker({ keepAlive: config.keepAlive, logger, store });
  const app = createApp({
    broker,
    logger,
    catalog,
    strict: config.strict,
    access: authority ? keyAccess(authority) : openAccess,
    hosts: namesOf(config, hasKeys),
    origins: config.corsOrigin ?? [],
  });
  const { url, stop } = listen(app, config);
  return {
    broker,
    url,
    async stop() {
      stopFollowing();
      await stop();
    },
  };
}

/** Fills the catalog from the file, now and at every change of it; a broken one leaves it as it is. */
async function follow(path: string, catalog: Catalog, logger: Logger): Promise<() => void> {
  const file = new EventsFile(path);
  catalog.replace(await file.load());
  return file.follow(async (load) => {
    try {
      catalog.replace(await load);
      logger.info({ file: path, types: Object.keys(catalog.schemas).length }, "catalog loaded again");
    } catch (error) {
      logger.error({ file: path, error: String(error) }, "catalog not loaded again, the old one stays");
    }
  });
}
