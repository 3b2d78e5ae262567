import { createApp } from "./app.ts";
import { createAuthority } from "./auth/settings.ts";
import { Broker } from "./broker/broker.ts";
import type { Logger } from "./broker/logger.ts";
import type { Config } from "./config.ts";
import { Catalog } from "./events/catalog.ts";
import { EventsFile } from "./events/events-file.ts";
import { keyAccess, openAccess } from "./http/access.ts";
import { listen } from "./listener.ts";
import { openStore } from "./log/settings.ts";
import { assertReach, namesOf } from "./reach.ts";

/** A running hub. */
export interface Server {
  readonly broker: Broker;
  readonly url: string;
  /** Whether publishing takes a key or a token. */
  readonly hasKeys: boolean;
  /** Sends the clients away, answers every publisher, and closes the log; nothing is lost. */
  stop(): Promise<void>;
}

/** How long publishers may take to finish their requests when the hub stops, in ms. */
const LAST_REQUESTS = 2000;
/** How long the answers to those who were later may take, in ms. */
const LAST_REFUSALS = 200;

/**
 * Starts the hub that the configuration describes.
 *
 * @throws ConfigError when what it says is wrong; CatalogError when its events file is no good;
 * StoreFileError when its file can't be the store; ListenError when it can't listen where it says.
 */
export async function startServer(config: Config, logger: Logger): Promise<Server> {
  const authority = createAuthority(config, logger);
  const hasKeys = authority !== undefined;
  assertReach(config, hasKeys);
  const catalog = new Catalog();
  const stopFollowing = config.events === undefined ? () => {} : await follow(config.events, catalog, logger);
  const store = openStore(config);
  const { keepAlive, stallTimeout } = config;
  const broker = new Broker({ keepAlive, stallTimeout, logger, store });
  const app = createApp({
    broker,
    logger,
    catalog,
    strict: config.strict,
    access: authority ? keyAccess(authority) : openAccess,
    hosts: namesOf(config, hasKeys),
    origins: config.corsOrigin ?? [],
    limits: config,
    trustProxy: config.trustProxy ?? [],
  });
  const listener = listen(app, config);
  return {
    broker,
    url: listener.url,
    hasKeys,
    async stop() {
      stopFollowing();
      await broker.drain(config.drain);
      await listener.finish(LAST_REQUESTS);
      await broker.close();
      await listener.finish(LAST_REFUSALS);
      await listener.stop();
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
