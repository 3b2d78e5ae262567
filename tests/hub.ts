import { type AppOptions, createApp } from "../src/app.ts";
import { Broker } from "../src/broker/broker.ts";
import { flagRemedies } from "../src/config/remedies.ts";
import { Catalog } from "../src/events/catalog.ts";
import { openAccess } from "../src/http/access/access.ts";
import { type Logger, silent } from "../src/logger.ts";
import { defer } from "./defer.ts";

/** A real hub in this process, on a free port. */
export interface TestHub {
  readonly url: string;
  readonly broker: Broker;
  /** Ends every connection and stops answering. */
  stop(): Promise<void>;
}

/** Starts a hub, which is stopped after the test. A port and a broker of one before make it its heir. */
export function startHub({
  port = 0,
  catalog = new Catalog(),
  strict = false,
  broker = new Broker({ catalog, strict }),
  logger = silent,
  ...more
}: {
  port?: number;
  broker?: Broker;
  catalog?: Catalog;
  logger?: Logger;
  strict?: boolean;
} & Partial<Pick<AppOptions, "limits" | "webhooks">> = {}): TestHub {
  const app = createApp({ remedies: flagRemedies, logger, broker, access: openAccess, ...more });
  app.listen({ port, hostname: "127.0.0.1" });
  const hub: TestHub = {
    url: `http://127.0.0.1:${app.server?.port}`,
    broker,
    async stop() {
      await app.server?.stop(true);
    },
  };
  defer(() => hub.stop());
  return hub;
}
