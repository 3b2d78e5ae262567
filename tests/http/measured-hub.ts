import { createApp } from "../../src/app.ts";
import { Broker } from "../../src/broker/broker.ts";
import { flagRemedies } from "../../src/config/remedies.ts";
import { openAccess } from "../../src/http/access/access.ts";
import { silent } from "../../src/logger.ts";

/** What the program tells its parent: its port at first, then its resident memory each time it is asked. */
export type Measured = { readonly port: number } | { readonly bytes: number };

// A hub in a process of its own, so that its memory is nobody else's.
const app = createApp({
  remedies: flagRemedies,
  broker: new Broker(),
  logger: silent,
  access: openAccess,
});
app.listen({ port: 0, hostname: "127.0.0.1" });
const tell = (message: Measured) => process.send?.(message);
process.on("message", () => {
  Bun.gc(true);
  tell({ bytes: process.memoryUsage().rss });
});
tell({ port: app.server?.port ?? 0 });
