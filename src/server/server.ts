import { createApp } from "../app.ts";
import { Broker } from "../broker/broker.ts";
import { createAuthority } from "../config/authority.ts";
import type { Config } from "../config/config.ts";
import { namesOf } from "../config/exposure.ts";
import { openStore } from "../config/store.ts";
import { TlsFiles } from "../config/tls-files.ts";
import { Catalog } from "../events/catalog.ts";
import { EventsFile } from "../events/events-file.ts";
import { keyAccess, openAccess } from "../http/access/access.ts";
import type { Logger } from "../logger.ts";
import { freeMemoryWhenIdle } from "./idle-memory.ts";
import { type Listener, listen } from "./listener.ts";

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
 * @throws ConfigError when a file of keys or certificates is wrong; CatalogError when its events file
 * is; StoreFileError when its file can't be the store; ListenError when it can't listen there.
 */
export async function startServer(config: Config, logger: Logger): Promise<Server> {
  const authority = createAuthority(config, logger);
  const hasKeys = authority !== undefined;
  const tlsFiles = tlsFilesOf(config);
  const tls = await tlsFiles?.load();
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
  const listener = await listen(app, config, tls);
  const stopFreeing = freeMemoryWhenIdle(broker);
  const stopRenewing = tlsFiles ? renew(tlsFiles, listener, logger) : () => {};
  return {
    broker,
    url: listener.url,
    hasKeys,
    async stop() {
      stopFollowing();
      stopRenewing();
      stopFreeing();
      await broker.drain(config.drain);
      await listener.finish(LAST_REQUESTS);
      await broker.close();
      await listener.finish(LAST_REFUSALS);
      await listener.stop();
    },
  };
}

function tlsFilesOf({ tlsCert, tlsKey }: Config): TlsFiles | undefined {
  return tlsCert === undefined || tlsKey === undefined ? undefined : new TlsFiles(tlsCert, tlsKey);
}

/** Takes up a certificate that was renewed; one that is no good leaves the old one in use. */
function renew(files: TlsFiles, listener: Listener, logger: Logger): () => void {
  return files.follow(async (load) => {
    try {
      listener.renew(await load);
      logger.info({}, "certificate renewed");
    } catch (error) {
      logger.error({ error: String(error) }, "certificate not renewed, the old one stays");
    }
  });
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
      logger.error(
        { file: path, error: (error as Error).message },
        "catalog not loaded again, the old one stays",
      );
    }
  });
}
