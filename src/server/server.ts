import { createApp } from "../app.ts";
import { Broker } from "../broker/broker.ts";
import { createAuthority, hasKeys } from "../config/authority.ts";
import type { Config } from "../config/config.ts";
import { isInTheClear, namesOf } from "../config/exposure.ts";
import { flagRemedies, originWarnings } from "../config/remedies.ts";
import { backupFolderOf } from "../config/store.ts";
import { TlsFiles, type TlsPair } from "../config/tls-files.ts";
import { webhookFiles } from "../config/webhooks.ts";
import { Catalog } from "../events/catalog.ts";
import { EventsFile } from "../events/events-file.ts";
import { FollowedFiles } from "../file-changes.ts";
import { keyAccess, openAccess } from "../http/access/access.ts";
import { Descriptors } from "../http/limits/descriptors.ts";
import type { Publication } from "../http/publish/publications.ts";
import { LimitedLogger, type Logger } from "../logger.ts";
import type { Webhook } from "../webhooks/webhook.ts";
import { AuditFile } from "./audit-file.ts";
import { watchCertificate } from "./certificate-watch.ts";
import { guardDescriptors, warnOfFewDescriptors } from "./descriptor-guard.ts";
import { freeMemoryWhenIdle } from "./idle-memory.ts";
import { type Listener, listen } from "./listener.ts";
import type { Part } from "./part.ts";
import { wholePart } from "./whole-part.ts";

/** A running hub. */
export interface Server {
  readonly broker: Broker;
  readonly url: string;
  /** Whether publishing takes a key or a token. */
  readonly hasKeys: boolean;
  /** Resolves when it can't go on, to the reason. */
  readonly failed: Promise<string>;
  /**
   * Reads again the files that it follows (certificates, catalog, keys) without waiting to see them
   * change, and opens the audit file anew. One that is no good leaves in force what there was, and is
   * told of in the log.
   */
  reload(): Promise<void>;
  /**
   * Sends the clients away, answers every publisher, and closes the log; nothing is lost.
   *
   * @param over milliseconds, over which the streams end; `--drain` by default.
   */
  stop(over?: number): Promise<void>;
}

const NEVER = new Promise<never>(() => {});

/** How long publishers may take to finish their requests when the hub stops, in ms. */
const LAST_REQUESTS = 2000;
/** How long the answers to those who were later may take, in ms. */
const LAST_REFUSALS = 200;

/**
 * Starts the hub that the configuration describes.
 *
 * @throws ConfigError when a file of keys or certificates is wrong, or a Redis can't keep a log; CatalogError when its events file
 * is; StoreFileError when its file can't be the store; ListenError when it can't listen there.
 */
export async function startServer(config: Config, log: Logger, given?: Part): Promise<Server> {
  const logger = LimitedLogger.of(log);
  const isKeyed = hasKeys(config);
  const files = new FollowedFiles(logger);
  const { authority, keys } = createAuthority(config, logger);
  if (isKeyed) await files.follow(keys);
  const tls = tlsFilesOf(config);
  let certificate: TlsPair | undefined;
  let listener: Listener | undefined;
  if (tls) {
    await files.follow({
      name: "certificate",
      files: () => tls.files(),
      load: () => tls.load(),
      take(pair) {
        const isNew = pair.cert !== certificate?.cert || pair.key !== certificate.key;
        certificate = pair;
        // Those who are connecting are reset by it, so not for the same once more.
        if (isNew) listener?.renew(pair);
      },
    });
  }
  const catalog = new Catalog();
  if (config.events !== undefined) await followCatalog(config.events, catalog, files);
  let webhooks: ReadonlyMap<string, Webhook> = new Map();
  if (config.webhook) await files.follow(webhookFiles(config.webhook, (loaded) => (webhooks = loaded)));
  const audit = config.audit === undefined ? undefined : await AuditFile.open(config.audit, logger);
  // A store that is open would outlive a file that is wrong.
  const part = given ?? (await wholePart(config, logger));
  const store = await part.openStore();
  const { keepAlive, stallTimeout } = config;
  const broker = new Broker({ catalog, strict: config.strict, keepAlive, stallTimeout, logger, store });
  const app = createApp({
    broker,
    nodes: part.nodes,
    logger,
    access: isKeyed ? keyAccess(authority) : openAccess,
    hosts: namesOf(config, isKeyed),
    origins: config.corsOrigin ?? [],
    refusedOrigin: originWarnings(logger),
    remedies: flagRemedies,
    limits: config,
    trustProxy: config.trustProxy ?? [],
    backupFolder: backupFolderOf(config),
    mercureUrl: config.mercureUrl?.href,
    mercureCookie: config.mercureCookie,
    mercureCompat: config.mercureCompat,
    webhooks: (name) => webhooks.get(name),
    ...tellOfPublications(audit, config.logLevel === "debug" ? logger : undefined),
  });
  part.ready?.(broker);
  const { sharedPort } = part;
  const settings = sharedPort === undefined ? config : { ...config, port: sharedPort, shared: true };
  const listening = await listen(app, settings, certificate);
  listener = listening;
  const stopFreeing = freeMemoryWhenIdle(broker);
  const descriptors = Descriptors.ofProcess();
  const { maxClients } = config;
  if (descriptors && maxClients !== undefined) {
    warnOfFewDescriptors(descriptors, Math.ceil(maxClients / part.servers), logger);
  }
  const stopGuarding = descriptors ? guardDescriptors(descriptors, listening, logger) : () => {};
  if (isKeyed && isInTheClear(config)) {
    const remedy = "--tls-cert and --tls-key, or a proxy with TLS, which --trust-proxy names";
    logger.warn({ host: config.host, remedy }, "keys and tokens come in the clear");
  }
  const stopWatching = watchCertificate(() => certificate?.ends, logger);
  files.start();
  return {
    broker,
    url: listening.url,
    hasKeys: isKeyed,
    failed: part.failed ?? NEVER,
    async reload() {
      await files.reload();
      await audit?.reopen();
    },
    async stop(over = config.drain) {
      files.stop();
      stopFreeing();
      stopWatching();
      stopGuarding();
      await broker.drain(over, config.drainRetry);
      await listening.finish(LAST_REQUESTS);
      await part.leave?.();
      await broker.close();
      await listening.finish(LAST_REFUSALS);
      await listening.stop();
      await audit?.close();
    },
  };
}

/** Nobody is told of what nobody keeps: that would cost time for each event. */
function tellOfPublications(audit: AuditFile | undefined, debug: Logger | undefined) {
  if (!audit && !debug) return {};
  return {
    published(publication: Publication) {
      audit?.add(publication);
      debug?.debug({ ...publication }, "published");
    },
  };
}

function tlsFilesOf({ tlsCert, tlsKey }: Config): TlsFiles | undefined {
  return tlsCert === undefined || tlsKey === undefined ? undefined : new TlsFiles(tlsCert, tlsKey);
}

async function followCatalog(path: string, catalog: Catalog, files: FollowedFiles): Promise<void> {
  const file = new EventsFile(path);
  await files.follow({
    name: "catalog",
    files: () => file.files(),
    load: () => file.load(),
    take: (schemas) => catalog.replace(schemas),
  });
}
