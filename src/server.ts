import { createApp } from "./app.ts";
import { createAuthority } from "./auth/settings.ts";
import { Broker } from "./broker/broker.ts";
import type { Logger } from "./broker/logger.ts";
import type { Config } from "./config.ts";
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
 * @throws ConfigError when what it says is wrong; ListenError when it can't listen where it says.
 */
export function startServer(config: Config, logger: Logger): Server {
  const authority = createAuthority(config, logger);
  const hasKeys = authority !== undefined;
  assertReach(config, hasKeys);
  const store = new MemoryStore({ events: config.historyEvents, bytes: config.historyBytes });
  const broker = new Broker({ keepAlive: config.keepAlive, logger, store });
  const app = createApp({
    broker,
    logger,
    strict: config.strict,
    access: authority ? keyAccess(authority) : openAccess,
    hosts: namesOf(config, hasKeys),
    origins: config.corsOrigin ?? [],
  });
  return { broker, ...listen(app, config) };
}
